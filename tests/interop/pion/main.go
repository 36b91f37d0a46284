// SPDX-License-Identifier: Apache-2.0

// A bootstrap client on pion/dtls: handshake with one ciphersuite, POST /bs, yes to whatever the server asks.
//
//	pion-client FILE    properties: endpoint, uri, mode (psk, x509), suite, and in hexadecimal id, key, anchor
//
// Prints "handshake SUITE", "POST /bs 2.04", "bootstrap done". Exit status 0 after Bootstrap-Finish.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/pion/dtls/v3"
)

const (
	codeGet, codePost, codePut, codeDelete             = 0x01, 0x02, 0x03, 0x04
	codeDeleted, codeChanged, codeContinue, codeNoSuch = 0x42, 0x44, 0x5f, 0x84
	typeMask, typeAck                                  = 0x30, 0x20
	version1                                           = 0x40
	optionBlock1, moreBlocks                           = 27, 0x08
	payloadMarker                                      = 0xff
	limit                                              = 10 * time.Second
)

var suites = []dtls.CipherSuiteID{
	dtls.TLS_PSK_WITH_AES_128_CCM_8, dtls.TLS_PSK_WITH_AES_128_CBC_SHA256, dtls.TLS_PSK_WITH_AES_128_GCM_SHA256,
	dtls.TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256,
	dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
}

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func properties(path string) map[string]string {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	all := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			all[name] = value
		}
	}
	return all
}

func octets(text string) []byte {
	value, err := hex.DecodeString(text)
	check(err)
	return value
}

func options(p map[string]string) []dtls.ClientOption {
	var list []dtls.ClientOption
	for _, suite := range suites {
		if suite.String() == p["suite"] {
			list = append(list, dtls.WithCipherSuites(suite))
		}
	}
	if len(list) == 0 {
		check(fmt.Errorf("no suite %q", p["suite"]))
	}
	if p["mode"] == "psk" {
		key := octets(p["key"])
		return append(list, dtls.WithPSK(func([]byte) ([]byte, error) { return key, nil }),
			dtls.WithPSKIdentityHint(octets(p["id"])))
	}
	key, err := x509.ParsePKCS8PrivateKey(octets(p["key"]))
	check(err)
	anchor, err := x509.ParseCertificate(octets(p["anchor"]))
	check(err)
	pool := x509.NewCertPool()
	pool.AddCert(anchor)
	own := tls.Certificate{Certificate: [][]byte{octets(p["id"])}, PrivateKey: key}
	return append(list, dtls.WithCertificates(own), dtls.WithRootCAs(pool), dtls.WithServerName("localhost"))
}

// block1 finds the value of a Block1 option (one octet: blocks below 16).
func block1(message []byte) (byte, bool) {
	number, at := 0, 4+int(message[0]&15)
	for at < len(message) && message[at] != payloadMarker {
		delta, length := int(message[at]>>4), int(message[at]&15)
		at++
		if delta == 13 {
			delta = 13 + int(message[at])
			at++
		}
		if length == 13 {
			length = 13 + int(message[at])
			at++
		}
		number += delta
		if number == optionBlock1 {
			return append(message[at:at+length:at+length], 0)[0], true
		}
		at += length
	}
	return 0, false
}

// answer is the acknowledgement of a client that is content with everything and has no objects to discover.
func answer(request []byte) []byte {
	code := map[byte]byte{codeGet: codeNoSuch, codePost: codeChanged, codePut: codeChanged,
		codeDelete: codeDeleted}[request[1]]
	block, blockwise := block1(request)
	if blockwise && block&moreBlocks != 0 {
		code = codeContinue
	}
	token := request[0] & 15
	reply := append([]byte{version1 | typeAck | token, code}, request[2:4+token]...)
	if blockwise {
		reply = append(reply, 13<<4|1, optionBlock1-13, block)
	}
	return reply
}

func main() {
	p := properties(os.Args[1])
	uri, err := url.Parse(p["uri"])
	check(err)
	address, err := net.ResolveUDPAddr("udp4", uri.Host)
	check(err)
	conn, err := dtls.DialWithOptions("udp4", address, options(p)...)
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	check(conn.HandshakeContext(ctx))
	fmt.Println("handshake", p["suite"])

	query := "ep=" + p["endpoint"] // 13 to 255 octets: one octet of extended length
	request := []byte{version1 | 1, codePost, 0x12, 0x34, 0x42, 11<<4 | 2, 'b', 's', 4<<4 | 13, byte(len(query) - 13)}
	_, err = conn.Write(append(request, query...))
	check(err)
	for buffer := make([]byte, 2048); ; {
		check(conn.SetReadDeadline(time.Now().Add(limit)))
		n, err := conn.Read(buffer)
		check(err)
		message := buffer[:n]
		if message[0]&typeMask == typeAck {
			fmt.Printf("POST /bs %d.%02d\n", message[1]>>5, message[1]&31)
			continue
		}
		_, err = conn.Write(answer(message))
		check(err)
		if message[1] == codePost {
			fmt.Println("bootstrap done")
			check(conn.Close())
			return
		}
	}
}
