package userop_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/postern-dev/postern/userop"
)

func TestUserOperationEvent(t *testing.T) {
	// as every client knows the topic
	if userop.TopicUserOperationEvent != common.HexToHash("0x49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f") {
		t.Fatal("topic", userop.TopicUserOperationEvent)
	}
	topics := []common.Hash{userop.TopicUserOperationEvent, {1}, common.BytesToHash([]byte{2}), {}}
	data := bytes.Join([][]byte{word(7), word(1), word(1000), word(50)}, nil)
	e, err := userop.ParseUserOperationEvent(topics, data)
	if err != nil || e.UserOpHash != (common.Hash{1}) || e.Sender != common.BytesToAddress([]byte{2}) || e.Nonce.Int64() != 7 ||
		!e.Success || e.ActualGasCost.Int64() != 1000 || e.ActualGasUsed.Int64() != 50 {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := userop.ParseUserOperationEvent(topics[:3], data); !errors.Is(err, userop.ErrOtherEvent) {
		t.Error(err)
	}
	for _, bad := range [][]byte{nil, data[:127], append(data, 0), bytes.Join([][]byte{word(7), word(2), word(1), word(1)}, nil)} {
		if _, err := userop.ParseUserOperationEvent(topics, bad); !errors.Is(err, userop.ErrFormat) {
			t.Errorf("%x: %v", bad, err)
		}
	}
	topics[2] = common.Hash{1}
	if _, err := userop.ParseUserOperationEvent(topics, data); !errors.Is(err, userop.ErrFormat) {
		t.Error("dirty sender:", err)
	}
}

func TestRevertReasonEvent(t *testing.T) {
	data := bytes.Join([][]byte{word(7), word(64), tail(solidityError("too poor"))}, nil)
	topics := []common.Hash{userop.TopicRevertReason, {1}, {2}}
	h, r, err := userop.ParseRevertReason(topics, data)
	if err != nil || h != (common.Hash{1}) || r.Reason != "too poor" {
		t.Error(h, r, err)
	}
	if _, _, err := userop.ParseRevertReason(topics, data[:40]); err == nil {
		t.Error("cut short and accepted")
	}
	if _, _, err := userop.ParseRevertReason(topics[1:], data); !errors.Is(err, userop.ErrOtherEvent) {
		t.Error(err)
	}
}

func TestCallsOfTheEntryPoint(t *testing.T) {
	n, err := userop.GetNonce(common.Address{19: 9}, one)
	if err != nil || !bytes.Equal(n, append(fromHex("0x35567e1a"), append(word(9), word(1)...)...)) {
		t.Errorf("%x, %v", n, err)
	}
	if b := userop.BalanceOf(common.Address{19: 9}); !bytes.Equal(b, append(fromHex("0x70a08231"), word(9)...)) {
		t.Errorf("%x", b)
	}
	if b := userop.DepositTo(common.Address{19: 9}); !bytes.Equal(b, append(fromHex("0xb760faf9"), word(9)...)) {
		t.Errorf("%x", b)
	}
	if b := userop.GetSenderAddress([]byte("init")); !bytes.Equal(b[:4], fromHex("0x9b249f69")) {
		t.Errorf("%x", b)
	}
}
