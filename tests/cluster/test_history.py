# SPDX-License-Identifier: Apache-2.0
"""The judge of histories finds each kind of fault, and none where none is"""
import json
import subprocess
import sys

import pytest

import history

HOME, AWAY = "127.0.0.1", "127.0.0.2"
WHOLE = {"call": "found", "what": "all"}


class Story:
    """A history in the making: each call takes 2 ms, 10 ms after the last."""

    def __init__(self):
        self.rows = []
        self.now_us = 1_000_000

    def call(self, name, status=200, took_us=2000, **facts):
        self.now_us += 10_000
        self.rows.append({
            "call": name, "status": status, "form": True, "by": "c0",
            "via": "front", "sent_us": self.now_us,
            "received_us": self.now_us + took_us, **facts})
        return self.rows[-1]

    def found(self, what, **columns):
        self.rows.append({"call": "found", "what": what, **columns})
        return self.rows[-1]

    def faults(self, **settings):
        report = history.judge(self.rows + [WHOLE], **settings)
        return sorted({fault.kind for fault in report.faults})


def begun():
    """An installation with a device and a session, all of it in the store."""
    story = Story()
    story.call("installation", key="K", installation=1)
    story.call("device", installation=1, secret="S", address=HOME,
               description="d1", device=1)
    story.call("session", installation=1, secret="S", address=HOME, session=1)
    story.found("installation", id=1, key="K")
    story.found("device", id=1, installation=1, secret="S", description="d1")
    story.found("session", id=1, installation=1, secret="S", is_ended=False)
    story.found("key", secret="S", is_revoked=False)
    story.found("address", secret="S", address=HOME, is_active=True)
    return story


def use(story, status=200, session=1, address=HOME, **more):
    return story.call("use", status, session=session, secret="S",
                      address=address, **more)


def the(story, what):
    return next(row for row in story.rows
                if row["call"] == "found" and row["what"] == what)


def without(story, what):
    story.rows.remove(the(story, what))


def test_a_good_history_has_no_fault():
    story = begun()
    use(story)
    assert story.faults() == []
    report = history.judge(story.rows + [WHOLE])
    assert (report.acknowledged, report.lost, report.in_doubt) == (3, 0, 0)
    assert report.gaps_us == [] and report.worst_gap_us == 0
    assert report.worst_call_us == 2000


@pytest.mark.parametrize("what", ["installation", "device", "session", "key",
                                  "address"])
def test_what_was_acknowledged_and_is_not_there_is_lost(what):
    story = begun()
    without(story, what)
    assert story.faults() == ["lost"]


@pytest.mark.parametrize("what, column", [
    ("installation", "key"), ("device", "installation"), ("device", "secret"),
    ("device", "description"), ("session", "installation"),
    ("session", "secret")])
def test_what_is_there_as_something_else_is_lost(what, column):
    story = begun()
    the(story, what)[column] = "other"
    assert "lost" in story.faults()


def test_what_nobody_made_is_uninvited():
    story = begun()
    story.found("session", id=2, installation=1, secret="S", is_ended=False)
    assert story.faults() == ["uninvited"]


@pytest.mark.parametrize("status, faults", [
    (None, []), (503, []), (400, ["uninvited"])])
def test_what_is_in_doubt_may_be_there_once(status, faults):
    story = begun()
    story.call("session", status, installation=1, secret="S", address=HOME)
    assert story.faults() == []
    story.found("session", id=2, installation=1, secret="S", is_ended=False)
    assert story.faults() == faults
    story.found("session", id=3, installation=1, secret="S", is_ended=False)
    assert story.faults() == ["uninvited"]


def test_doubt_of_one_excuses_no_other():
    story = begun()
    story.call("session", None, installation=1, secret="S", address=HOME)
    story.found("session", id=2, installation=2, secret="S", is_ended=False)
    assert story.faults() == ["uninvited"]


# ---- what was ended ----


def end_session(story, status=200):
    row = story.call("end", status, session=1)
    the(story, "session")["is_ended"] = status == 200
    return row


def revoke(story, status=200):
    row = story.call("revoke", status, secret="S")
    the(story, "key")["is_revoked"] = status == 200
    return row


def forbid(story, status=200):
    row = story.call("forbid", status, secret="S", address=HOME)
    the(story, "address")["is_active"] = status != 200
    return row


ENDINGS = pytest.mark.parametrize("end", [end_session, revoke, forbid])


@ENDINGS
def test_what_was_ended_is_refused(end):
    story = begun()
    end(story)
    use(story, 401)
    assert story.faults() == []


@ENDINGS
def test_what_was_ended_and_is_admitted_is_late(end):
    story = begun()
    ended = end(story)
    used = use(story)
    late_us = used["sent_us"] - ended["received_us"]
    assert story.faults() == ["late"]
    assert story.faults(bound_us=late_us - 1) == ["late"]
    assert story.faults(bound_us=late_us) == []
    report = history.judge(story.rows + [WHOLE])
    assert report.worst_revocation_us == late_us


@ENDINGS
def test_a_use_that_was_sent_before_may_be_admitted(end):
    story = begun()
    used = use(story)
    used["received_us"] += 100_000
    end(story)
    assert story.faults() == []


@ENDINGS
def test_an_end_in_doubt_may_have_been(end):
    for status in (200, 401):
        story = begun()
        end(story, 503)
        use(story, status)
        assert story.faults() == []


@ENDINGS
def test_a_refused_end_is_none(end):
    story = begun()
    end(story, 403)
    use(story, 401)
    assert story.faults() == ["refused"]


@ENDINGS
def test_an_end_that_was_acknowledged_and_is_not_there_is_lost(end):
    story = begun()
    end(story)
    the(story, "session")["is_ended"] = False
    the(story, "key")["is_revoked"] = False
    the(story, "address")["is_active"] = True
    assert story.faults() == ["lost"]


@pytest.mark.parametrize("what, column", [("session", "is_ended"),
                                          ("key", "is_revoked")])
def test_an_end_that_nobody_made_is_uninvited(what, column):
    story = begun()
    the(story, what)[column] = True
    assert story.faults() == ["uninvited"]


def test_what_is_valid_and_refused_is_a_fault():
    story = begun()
    use(story, 401)
    assert story.faults() == ["refused"]


def test_what_is_refused_before_its_end_began_is_a_fault():
    story = begun()
    use(story, 401)
    end_session(story)
    assert story.faults() == ["refused"]


@pytest.mark.parametrize("status", [503, None])
def test_what_has_no_answer_is_no_refusal(status):
    story = begun()
    use(story, status)
    assert story.faults() == []


# ---- addresses ----


def test_an_address_is_what_its_last_change_says():
    story = begun()
    story.call("permit", secret="S", address=AWAY)
    story.found("address", secret="S", address=AWAY, is_active=True)
    use(story, 200, address=AWAY)
    assert story.faults() == []
    use(story, 403, address=AWAY)
    assert story.faults() == ["refused"]


def test_an_address_that_was_forbidden_and_permitted_again():
    story = begun()
    forbid(story)
    story.call("permit", secret="S", address=HOME)
    the(story, "address")["is_active"] = True
    use(story)
    assert story.faults() == []
    the(story, "address")["is_active"] = False
    assert story.faults() == ["lost"]


def test_a_change_in_doubt_leaves_both():
    for is_active in (True, False):
        story = begun()
        forbid(story)
        story.call("permit", None, secret="S", address=HOME)
        the(story, "address")["is_active"] = is_active
        use(story, 200 if is_active else 403)
        assert story.faults() == []


def test_an_address_that_nobody_permitted_is_uninvited():
    story = begun()
    story.found("address", secret="S", address=AWAY, is_active=True)
    assert story.faults() == ["uninvited"]


# ---- first uses ----


def race(*statuses):
    """Devices with one key that was never used, from addresses of their own."""
    story = Story()
    for n, status in enumerate(statuses):
        facts = {"device": n} if status == 200 else {}
        story.call("device", status, installation=n, secret="S",
                   address=f"127.0.1.{n}", description=f"d{n}", **facts)
        if status == 200:
            story.found("device", id=n, installation=n, secret="S",
                        description=f"d{n}")
            story.found("address", secret="S", address=f"127.0.1.{n}",
                        is_active=True)
    story.found("key", secret="S", is_revoked=False)
    return story


@pytest.mark.parametrize("statuses, faults", [
    ([200, 400, 400], []), ([200, 400, None], []), ([400, 503, 400], []),
    ([200, 200, 400], ["shared"]), ([400, 400, 400], ["unused"])])
def test_a_first_use_is_one(statuses, faults):
    assert race(*statuses).faults() == faults


def test_a_refused_first_use_that_is_in_the_store():
    story = race(200, 400)
    story.found("address", secret="S", address="127.0.1.1", is_active=True)
    assert story.faults() == ["uninvited"]
    story.found("device", id=7, installation=1, secret="S", description="d1")
    assert story.faults() == ["uninvited"]


def test_an_address_that_its_owner_permitted_is_no_first_use():
    story = race(200, 200)
    story.call("permit", secret="S", address="127.0.1.1")
    assert story.faults() == []


# ---- each call ----


def test_an_id_is_given_once():
    story = begun()
    story.call("session", installation=1, secret="S", address=HOME, session=1)
    assert story.faults() == ["twice"]


def test_a_call_takes_no_longer_than_any_may():
    story = begun()
    use(story, 503, took_us=3_000_000)
    assert story.faults(limit_us=2_999_999) == ["slow"]
    assert story.faults(limit_us=3_000_000) == []


def test_a_call_without_an_answer_may_not_hang_either():
    story = begun()
    use(story, None, took_us=3_000_000)
    assert story.faults(limit_us=2_999_999) == ["slow"]


@pytest.mark.parametrize("status", [200, 401, 503])
def test_an_answer_of_another_form(status):
    story = begun()
    end_session(story, 503)
    use(story, status, form=False)
    assert story.faults() == ["form"]


@pytest.mark.parametrize("status", [404, 500, 502, 504])
def test_an_answer_that_none_of_these_calls_has(status):
    story = begun()
    end_session(story, 503)
    use(story, status)
    assert "form" in story.faults()


def test_a_history_that_is_not_whole():
    report = history.judge(begun().rows)
    assert [fault.kind for fault in report.faults] == ["broken"]
    story = begun()
    use(story, took_us=-1)
    assert story.faults() == ["broken"]


def test_the_gap_of_each_storm():
    def event(what):
        story.now_us += 5000
        story.rows.append({"call": "event", "what": what,
                           "sent_us": story.now_us, "received_us": story.now_us})

    def change(after_us):
        number = len(story.rows)
        story.now_us += after_us
        story.call("installation", key="K", installation=number)
        story.found("installation", key="K", id=number)

    story = Story()
    change(0)
    story.now_us += 9_000_000
    for gap_us in (3_000_000, 1_000_000):
        event("storm")
        change(0)
        change(gap_us)
        event("calm")
        story.now_us += 5_000_000
    event("storm")  # which has no end, and does not count
    assert story.faults() == []
    report = history.judge(story.rows)
    assert report.gaps_us == [3_010_000, 1_010_000]
    assert report.worst_gap_us == 3_010_000


def test_a_storm_that_is_never_served_is_one_gap():
    story = Story()
    for what, at_us in (("storm", 1), ("calm", 7)):
        story.rows.append({"call": "event", "what": what, "sent_us": at_us,
                           "received_us": at_us})
    assert history.judge(story.rows).gaps_us == [6]


def test_each_kind_of_fault_is_found_by_a_test():
    text = open(__file__, encoding="utf-8").read()
    for kind in history.FAULTS:
        assert f'["{kind}"]' in text, kind


# ---- the command ----


def judge_file(path, *options):
    return subprocess.run([sys.executable, history.__file__, *options, path],
                          capture_output=True, text=True, check=False)


def test_the_command(tmp_path):
    story = begun()
    end_session(story)
    use(story)
    path = tmp_path / "history"
    lines = [json.dumps(row) for row in story.rows + [WHOLE]]
    path.write_text("\n".join(lines) + "\n" + '{"call": "use", "se')
    done = judge_file(path)
    assert done.returncode == 1
    assert done.stdout.startswith("late: ")
    assert "acknowledged 4, lost 0" in done.stdout
    assert judge_file(path, "--bound-ms", "9").returncode == 0
