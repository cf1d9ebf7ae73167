// Command logverify checks a transparency log with Go's own code for it (golang.org/x/mod/sumdb), knowing the folder and
// the log's verifier key and nothing of Yumen:
//
//	logverify FOLDER VKEY                  checkpoint, tiles, every entry, inclusion and consistency proofs
//	logverify -receipt FILE ENTRY VKEY     a receipt (c2sp.org/tlog-proof@v1) for the entry in a file
//
// It prints one JSON object and exits 0, or says what is wrong and exits 1.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
	proofs = 200
)

type result struct {
	Origin      string `json:"origin"`
	Size        int64  `json:"size"`
	Root        string `json:"root"`
	Entries     int64  `json:"entries"`
	Inclusion   int    `json:"inclusion"`
	Consistency int    `json:"consistency"`
}

func main() {
	found, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "logverify:", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		os.Exit(1)
	}
}

func run(args []string) (*result, error) {
	switch {
	case len(args) == 2:
		return verifyFolder(args[0], args[1])
	case len(args) == 4 && args[0] == "-receipt":
		return verifyReceipt(args[1], args[2], args[3])
	}
	return nil, errors.New("usage: logverify FOLDER VKEY | logverify -receipt FILE ENTRY VKEY")
}

// openCheckpoint verifies a signed note and reads its three lines.
func openCheckpoint(data []byte, vkey string) (string, tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return "", tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return "", tlog.Tree{}, errors.New("checkpoint: not exactly origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return "", tlog.Tree{}, errors.New("checkpoint: malformed size")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return "", tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	return lines[0], tlog.Tree{N: size, Hash: root}, nil
}

// tiles reads hash tiles of the C2SP layout, whose paths lack the height.
type tiles struct{ folder string }

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s: wrong length", path)
		}
		found[i] = data
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func verifyFolder(folder, vkey string) (*result, error) {
	data, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return nil, err
	}
	origin, tree, err := openCheckpoint(data, vkey)
	if err != nil {
		return nil, err
	}
	authenticated := tlog.TileHashReader(tree, tiles{folder})
	leaves, stored, err := readEntries(folder, tree, authenticated)
	if err != nil {
		return nil, err
	}
	own := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	computed, err := tlog.TreeHash(tree.N, own)
	if err != nil {
		return nil, err
	}
	if computed != tree.Hash {
		return nil, errors.New("the entries do not lead to the checkpoint's root")
	}
	made := &result{Origin: origin, Size: tree.N, Root: tree.Hash.String(), Entries: int64(len(leaves))}
	if err := readEveryTile(folder, tree); err != nil {
		return nil, err
	}
	return made, prove(made, tree, leaves, own, authenticated)
}

// readEveryTile reads each tile through the authenticating reader, also those no proof needs.
func readEveryTile(folder string, tree tlog.Tree) error {
	authenticated := tlog.TileHashReader(tree, tiles{folder})
	for level := 0; tree.N>>(height*level) > 0; level++ {
		count := tree.N >> (height * level)
		for first := int64(0); first < count; first += width {
			indexes := make([]int64, 0, width)
			for place := first; place < min(first+width, count); place++ {
				indexes = append(indexes, tlog.StoredHashIndex(height*level, place))
			}
			if _, err := authenticated.ReadHashes(indexes); err != nil {
				return err
			}
		}
	}
	return nil
}

// readEntries reads every bundle and compares each entry with its leaf; it returns the leaves and all hashes above them.
func readEntries(folder string, tree tlog.Tree, reader tlog.HashReader) ([]tlog.Hash, []tlog.Hash, error) {
	var leaves, stored []tlog.Hash
	own := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for first := int64(0); first < tree.N; first += width {
		tile := tlog.Tile{H: height, L: 0, N: first / width, W: int(min(width, tree.N-first))}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, nil, err
		}
		entries, err := split(bundle, tile.W)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		indexes := make([]int64, len(entries))
		for i := range entries {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		wanted, err := reader.ReadHashes(indexes)
		if err != nil {
			return nil, nil, err
		}
		for i, entry := range entries {
			leaf := tlog.RecordHash(entry)
			if leaf != wanted[i] {
				return nil, nil, fmt.Errorf("%s: entry %d is another than its leaf", path, first+int64(i))
			}
			hashes, err := tlog.StoredHashesForRecordHash(first+int64(i), leaf, own)
			if err != nil {
				return nil, nil, err
			}
			leaves = append(leaves, leaf)
			stored = append(stored, hashes...)
		}
	}
	return leaves, stored, nil
}

func split(bundle []byte, count int) ([][]byte, error) {
	entries := make([][]byte, 0, count)
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, errors.New("cut short")
		}
		size := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+size {
			return nil, errors.New("cut short")
		}
		entries = append(entries, bundle[2:2+size])
		bundle = bundle[2+size:]
	}
	if len(entries) != count {
		return nil, fmt.Errorf("%d entries, %d wanted", len(entries), count)
	}
	return entries, nil
}

// prove makes proofs from the tiles and checks them: of inclusion for some entries, of consistency for some sizes.
func prove(made *result, tree tlog.Tree, leaves []tlog.Hash, own, reader tlog.HashReader) error {
	random := rand.New(rand.NewSource(1))
	for range min(proofs, len(leaves)) {
		index := random.Int63n(tree.N)
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaves[index]); err != nil {
			return err
		}
		made.Inclusion++
		older := index + 1
		root, err := tlog.TreeHash(older, own)
		if err != nil {
			return err
		}
		growth, err := tlog.ProveTree(tree.N, older, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(growth, tree.N, tree.Hash, older, root); err != nil {
			return err
		}
		made.Consistency++
	}
	return nil
}

func verifyReceipt(file, entryFile, vkey string) (*result, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return nil, err
	}
	head, checkpoint, ok := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, errors.New("receipt: malformed")
	}
	if strings.HasPrefix(lines[1], "extra ") {
		lines = append(lines[:1], lines[2:]...)
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return nil, errors.New("receipt: malformed index")
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return nil, errors.New("receipt: malformed hash")
		}
		proof = append(proof, tlog.Hash(hash))
	}
	origin, tree, err := openCheckpoint([]byte(checkpoint), vkey)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return nil, err
	}
	return &result{Origin: origin, Size: tree.N, Root: tree.Hash.String(), Inclusion: 1}, nil
}
