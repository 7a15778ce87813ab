// SPDX-License-Identifier: Apache-2.0
// sessions.go - who has which token
package main

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

type kind int

const (
	installation kind = iota
	session
)

type digest = [sha256.Size]byte

// client is what a token stands for. It does not change.
type client struct {
	kind      kind
	address   string
	key       *rsa.PublicKey
	keyDigest digest
	hasDevice bool
}

// sessions: clients by the digest of their token.
type sessions struct {
	mutex   sync.RWMutex
	clients map[digest]*client
}

func (s *sessions) find(token string) *client {
	key := sha256.Sum256([]byte(token))
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	return s.clients[key]
}

func (s *sessions) put(key digest, client *client) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.clients[key] = client
}

// open gives a new token for it.
func (s *sessions) open(client *client) (string, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	token := hex.EncodeToString(random[:])
	s.put(sha256.Sum256([]byte(token)), client)
	return token, nil
}

var errKey = errors.New("no RSA key of 2048 bits")

func newClient(kind kind, address string, der []byte) (*client, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	key, isRSA := parsed.(*rsa.PublicKey)
	if !isRSA || key.Size() != 256 {
		return nil, errKey
	}
	return &client{kind: kind, address: address, key: key,
		keyDigest: sha256.Sum256(der)}, nil
}

func newInstallation(address, publicPEM string) (*client, error) {
	block, _ := pem.Decode([]byte(publicPEM))
	if block == nil {
		return nil, errKey
	}
	return newClient(installation, address, block.Bytes)
}

// read takes a line for each session: the token's digest, the address, the public
// key.
func (s *sessions) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if err := s.readLine(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (s *sessions) readLine(line string) error {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return fmt.Errorf("not a session: %q", line)
	}
	var key digest
	if _, err := hex.Decode(key[:], []byte(fields[0])); err != nil {
		return err
	}
	der, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return err
	}
	client, err := newClient(session, fields[1], der)
	if err != nil {
		return err
	}
	s.put(key, client)
	return nil
}
