// Judges notes with Go's own implementation of signed notes. It reads lines of JSON {"keys": [...], "note": "..."}. For each line it writes
// the name and key id of the first signature that verified, or the error. With `sign` and a key it signs a note.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func judge(keys []string, text string) string {
	var verifiers []note.Verifier
	for _, key := range keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return "key"
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	if err != nil {
		switch err.(type) {
		case *note.InvalidSignatureError:
			return "signature"
		case *note.UnverifiedNoteError:
			return "unknown"
		}
		return "malformed"
	}
	return fmt.Sprintf("%s+%08x", opened.Sigs[0].Name, opened.Sigs[0].Hash)
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "sign" {
		signer, err := note.NewSigner(os.Args[2])
		if err != nil {
			panic(err)
		}
		signed, err := note.Sign(&note.Note{Text: "signed by Go\n"}, signer)
		if err != nil {
			panic(err)
		}
		os.Stdout.Write(signed)
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var question struct {
			Keys []string `json:"keys"`
			Note string   `json:"note"`
		}
		if err := json.Unmarshal(lines.Bytes(), &question); err != nil {
			panic(err)
		}
		fmt.Println(judge(question.Keys, question.Note))
	}
}
