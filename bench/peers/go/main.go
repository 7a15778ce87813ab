// SPDX-License-Identifier: Apache-2.0
// gateway PORT API-PORT TLS-CERT TLS-KEY SETTINGS - the gateway's job in Go
//
// The standard library alone: net/http, httputil.ReverseProxy, crypto/rsa. Keys are
// parsed once, connections to the API are kept, signatures that were made or found
// right are remembered. Sessions are read at the start, from what a store had.
//
// What it lacks: new sessions are lost at a restart, nothing is audited, no expiry,
// no rate limits, one API key.
package main

import (
	"crypto/tls"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"time"
)

type settings struct {
	APIKey          string `json:"api_key"`
	ServerPEM       string `json:"server_pem"`
	ServerPublicPEM string `json:"server_public_pem"`
	Sessions        string `json:"sessions"`
}

func readSettings(path string) (settings, error) {
	var read settings
	text, err := os.ReadFile(path)
	if err != nil {
		return read, err
	}
	return read, json.Unmarshal(text, &read)
}

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: gateway PORT API-PORT TLS-CERT TLS-KEY SETTINGS")
	}
	port, apiPort, cert, key := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	settings, err := readSettings(os.Args[5])
	if err != nil {
		log.Fatal(err)
	}
	gateway, err := newGateway(settings, "127.0.0.1:"+apiPort)
	if err != nil {
		log.Fatal(err)
	}
	server := http.Server{
		Addr:              "127.0.0.1:" + port,
		Handler:           gateway,
		ReadHeaderTimeout: time.Minute,
		IdleTimeout:       time.Minute,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
	}
	log.Fatal(server.ListenAndServeTLS(cert, key))
}
