// SPDX-License-Identifier: Apache-2.0
// gateway.go - admits requests, passes them on, signs the answers
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"sync"
	"time"
)

const (
	tokenHeader     = "X-Bunq-Client-Authentication"
	signatureHeader = "X-Bunq-Client-Signature"
	maxBody         = 16 << 20
)

type gateway struct {
	settings settings
	sessions sessions
	signer   *signer
	verifier verifier
	proxy    *httputil.ReverseProxy
}

func newGateway(settings settings, api string) (*gateway, error) {
	signer, err := newSigner(settings.ServerPEM)
	if err != nil {
		return nil, err
	}
	g := &gateway{settings: settings, signer: signer}
	g.sessions.clients = make(map[digest]*client)
	if err := g.sessions.read(settings.Sessions); err != nil {
		return nil, err
	}
	g.proxy = &httputil.ReverseProxy{
		Director: func(request *http.Request) {
			request.URL.Scheme, request.URL.Host = "http", api
			request.Header.Del(tokenHeader)
			request.Header.Del(signatureHeader)
		},
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: time.Minute}).DialContext,
			MaxIdleConnsPerHost: 128,
			IdleConnTimeout:     time.Minute,
			DisableCompression:  true,
		},
		BufferPool:     &buffers{},
		ModifyResponse: g.signResponse,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			log.Print(err)
			g.refuse(w, http.StatusBadGateway, "no answer")
		},
	}
	return g, nil
}

// buffers for httputil to copy bodies with.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, isThere := b.pool.Get().(*[]byte); isThere {
		return *buffer
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }

func uuid() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// complete sets the headers that every answer has.
func (g *gateway) complete(header http.Header, body []byte) error {
	signature, err := g.signer.sign(body)
	if err != nil {
		return err
	}
	id, err := uuid()
	if err != nil {
		return err
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Bunq-Client-Response-Id", id)
	header.Set("X-Bunq-Server-Signature", signature)
	return nil
}

func readWhole(from io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(from)
	}
	body := make([]byte, length)
	_, err := io.ReadFull(from, body)
	return body, err
}

func (g *gateway) signResponse(response *http.Response) error {
	body, err := readWhole(response.Body, response.ContentLength)
	response.Body.Close()
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	return g.complete(response.Header, body)
}

func (g *gateway) answer(w http.ResponseWriter, status int, message any) {
	body, err := json.Marshal(message)
	if err == nil {
		err = g.complete(w.Header(), body)
	}
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

type object map[string]any

func (g *gateway) respond(w http.ResponseWriter, elements ...object) {
	g.answer(w, http.StatusOK, object{"Response": elements})
}

func (g *gateway) refuse(w http.ResponseWriter, status int, text string) {
	g.answer(w, status, object{"Error": []object{
		{"error_description": text, "error_description_translated": text},
	}})
}

// findClient gives nil when the request may not pass.
func (g *gateway) findClient(r *http.Request, body []byte, kind kind) *client {
	token, signature := r.Header.Get(tokenHeader), r.Header.Get(signatureHeader)
	if token == "" || signature == "" {
		return nil
	}
	client := g.sessions.find(token)
	if client == nil || client.kind != kind || client.address != addressOf(r) {
		return nil
	}
	if !g.verifier.isSigned(client, body, signature) {
		return nil
	}
	return client
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

type step func(g *gateway, w http.ResponseWriter, r *http.Request, body []byte,
	client *client)

var steps = map[string]step{
	"/v1/device-server":  (*gateway).register,
	"/v1/session-server": (*gateway).openSession,
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, errors.New("too long")
	}
	return readWhole(http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength)
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	if err != nil {
		g.refuse(w, http.StatusBadRequest, "malformed")
		return
	}
	isPost := r.Method == http.MethodPost
	if isPost && r.URL.Path == "/v1/installation" {
		g.install(w, r, body)
		return
	}
	var do step = (*gateway).pass
	wanted := session
	if isPost && steps[r.URL.Path] != nil {
		do, wanted = steps[r.URL.Path], installation
	}
	client := g.findClient(r, body, wanted)
	if client == nil {
		g.refuse(w, http.StatusUnauthorized, "Insufficient authentication.")
		return
	}
	do(g, w, r, body, client)
}

// pass gives the request to the API.
func (g *gateway) pass(w http.ResponseWriter, r *http.Request, body []byte, _ *client) {
	r.Body, r.ContentLength = http.NoBody, int64(len(body))
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	g.proxy.ServeHTTP(w, r)
}
