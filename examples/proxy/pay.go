// SPDX-License-Identifier: Apache-2.0

// pay.go ACCOUNT INVOICE... - a payment for each invoice, through trivet proxy
//
//	trivet proxy &
//	go run examples/proxy/pay.go user/1/monetary-account/2 invoice-4711 invoice-4712
//
// BUNQ_PROXY names another proxy than http://127.0.0.1:8480/v1.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const form = `{"amount": {"value": "1.00", "currency": "EUR"}, "description": %q}`

// The status (0: the proxy does not answer) and the fields of the answer.
func try(client *http.Client, url, invoice string) (int, http.Header) {
	body := strings.NewReader(fmt.Sprintf(form, invoice))
	request, err := http.NewRequest("POST", url, body)
	if err != nil {
		return 0, nil
	}
	request.Header.Set("Trivet-Idempotency-Key", invoice)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header
}

func main() {
	proxy := os.Getenv("BUNQ_PROXY")
	if proxy == "" {
		proxy = "http://127.0.0.1:8480/v1"
	}
	client := &http.Client{Transport: &http.Transport{}} // no other proxy on the way
	url := proxy + "/" + os.Args[1] + "/payment"
	for _, invoice := range os.Args[2:] {
		status, fields := 0, http.Header(nil)
		for n := 0; n < 5; n++ {
			status, fields = try(client, url, invoice)
			// Certainly not made, or answered already: the same again is safe.
			if status != 0 && status != 409 && status != 429 && status != 503 && status != 504 {
				break
			}
			seconds, err := strconv.Atoi(fields.Get("Retry-After"))
			if err != nil {
				seconds = 1
			}
			time.Sleep(time.Duration(seconds) * time.Second)
		}
		fmt.Println(strings.TrimSpace(
			fmt.Sprintf("%s %03d %s", invoice, status, fields.Get("Trivet-Reason"))))
	}
}
