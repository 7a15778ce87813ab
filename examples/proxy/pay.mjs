#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// pay.mjs ACCOUNT INVOICE... - a payment for each invoice, through trivet proxy
//
//   trivet proxy &
//   examples/proxy/pay.mjs user/1/monetary-account/2 invoice-4711 invoice-4712
//
// BUNQ_PROXY names another proxy than http://127.0.0.1:8480/v1.

const proxy = process.env.BUNQ_PROXY ?? "http://127.0.0.1:8480/v1";
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// The answer; null when the proxy does not answer.
async function pay(account, invoice) {
  let answer = null;
  for (let n = 0; n < 5; n++) {
    try {
      answer = await fetch(`${proxy}/${account}/payment`, {
        method: "POST",
        headers: { "Trivet-Idempotency-Key": invoice, "Content-Type": "application/json" },
        body: JSON.stringify({
          amount: { value: "1.00", currency: "EUR" },
          description: invoice,
        }),
      });
      await answer.text();
    } catch {
      await pause(1);
      continue;
    }
    // Certainly not made, or answered already: the same again is safe.
    if (![409, 429, 503, 504].includes(answer.status)) break;
    await pause(Number(answer.headers.get("Retry-After") ?? 1));
  }
  return answer;
}

const [account, ...invoices] = process.argv.slice(2);
for (const invoice of invoices) {
  const answer = await pay(account, invoice);
  const reason = answer?.headers.get("Trivet-Reason") ?? "";
  console.log(`${invoice} ${answer?.status ?? "000"} ${reason}`.trim());
}
