// SPDX-License-Identifier: Apache-2.0
// signatures.go - signatures of answers and of requests, each made or verified once
package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"sync"
)

const numRemembered = 8192

// memory keeps the latest of what was put: at least numRemembered, at most twice as
// many.
type memory struct {
	mutex      sync.Mutex
	young, old map[digest]string
}

func (m *memory) get(key digest) (string, bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if value, isKnown := m.young[key]; isKnown {
		return value, true
	}
	value, isKnown := m.old[key]
	if isKnown {
		m.putLocked(key, value)
	}
	return value, isKnown
}

func (m *memory) put(key digest, value string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.putLocked(key, value)
}

func (m *memory) putLocked(key digest, value string) {
	if m.young == nil || len(m.young) >= numRemembered {
		m.old, m.young = m.young, make(map[digest]string, numRemembered)
	}
	m.young[key] = value
}

type signer struct {
	key  *rsa.PrivateKey
	made memory
}

func newSigner(privatePEM string) (*signer, error) {
	block, _ := pem.Decode([]byte(privatePEM))
	if block == nil {
		return nil, errors.New("the server key is no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, isRSA := parsed.(*rsa.PrivateKey)
	if !isRSA {
		return nil, errKey
	}
	return &signer{key: key}, nil
}

// sign gives the signature in base64.
func (s *signer) sign(body []byte) (string, error) {
	key := sha256.Sum256(body)
	if known, isKnown := s.made.get(key); isKnown {
		return known, nil
	}
	made, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, key[:])
	if err != nil {
		return "", err
	}
	text := base64.StdEncoding.EncodeToString(made)
	s.made.put(key, text)
	return text, nil
}

// verifier remembers right signatures by the key, the body and the signature.
type verifier struct {
	right memory
}

func (v *verifier) isSigned(client *client, body []byte, text string) bool {
	signature, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(signature) != client.key.Size() {
		return false
	}
	bodyDigest := sha256.Sum256(body)
	var all [2*sha256.Size + 256]byte
	copy(all[:], client.keyDigest[:])
	copy(all[sha256.Size:], bodyDigest[:])
	copy(all[2*sha256.Size:], signature)
	key := sha256.Sum256(all[:])
	if _, isKnown := v.right.get(key); isKnown {
		return true
	}
	err = rsa.VerifyPKCS1v15(client.key, crypto.SHA256, bodyDigest[:], signature)
	if err != nil {
		return false
	}
	v.right.put(key, "")
	return true
}
