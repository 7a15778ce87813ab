# SPDX-License-Identifier: Apache-2.0
"""Sends the requests of the Postman collection to bunq's host name. The CA is
that of REQUESTS_CA_BUNDLE. Prints how many were admitted."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2] / "support")]

import requests  # noqa: E402
from postman import Postman  # noqa: E402

postman = Postman("https://public-api.sandbox.bunq.com", requests.Session())
print(postman.run_collection())
