// SPDX-License-Identifier: Apache-2.0
// steps.go - installation, device, session
package main

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
)

func (g *gateway) withToken(w http.ResponseWriter, client *client, more object) {
	token, err := g.sessions.open(client)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	g.respond(w, object{"Id": object{"id": 1}},
		object{"Token": object{"id": 1, "token": token}}, more)
}

func (g *gateway) install(w http.ResponseWriter, r *http.Request, body []byte) {
	var message struct {
		Key string `json:"client_public_key"`
	}
	if json.Unmarshal(body, &message) != nil {
		g.refuse(w, http.StatusBadRequest, "malformed")
		return
	}
	client, err := newInstallation(addressOf(r), message.Key)
	if err != nil {
		g.refuse(w, http.StatusBadRequest, "no such public key")
		return
	}
	g.withToken(w, client, object{"ServerPublicKey": object{
		"server_public_key": g.settings.ServerPublicPEM}})
}

// hasSecret says whether the message has the API key, and refuses it else.
func (g *gateway) hasSecret(w http.ResponseWriter, body []byte) bool {
	var message struct {
		Secret string `json:"secret"`
	}
	if json.Unmarshal(body, &message) != nil || message.Secret != g.settings.APIKey {
		g.refuse(w, http.StatusBadRequest, "no such key")
		return false
	}
	return true
}

func (g *gateway) register(w http.ResponseWriter, r *http.Request, body []byte,
	client *client) {
	if !g.hasSecret(w, body) {
		return
	}
	registered := *client
	registered.hasDevice = true
	g.sessions.put(sha256.Sum256([]byte(r.Header.Get(tokenHeader))), &registered)
	g.respond(w, object{"Id": object{"id": 1}})
}

func (g *gateway) openSession(w http.ResponseWriter, _ *http.Request, body []byte,
	client *client) {
	if !g.hasSecret(w, body) {
		return
	}
	if !client.hasDevice {
		g.refuse(w, http.StatusBadRequest, "no such key")
		return
	}
	opened := *client
	opened.kind = session
	g.withToken(w, &opened, object{"UserPerson": object{
		"id": 1, "display_name": "bench"}})
}
