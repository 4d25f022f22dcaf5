package artifacts

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

func TestKernelIsForTestsOnly(t *testing.T) {
	if _, _, err := open(t).Kernel(common.Address{}, common.Address{}); !errors.Is(err, ErrNotPinned) {
		t.Errorf("without the packages for tests: %v", err)
	}
	set, err := Open(t.Context(), Options{Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	ep, implementation := common.Address{1}, common.Address{2}
	kernel, factory, err := set.Kernel(ep, implementation)
	if err != nil {
		t.Fatal(err)
	}
	if len(kernel) < 28_000 || common.Address(kernel[len(kernel)-20:]) != ep || common.Address(factory[len(factory)-20:]) != implementation {
		t.Errorf("%d and %d bytes of creation code", len(kernel), len(factory))
	}
	file := string(set.packages[kernelPackage+"@"+kernelPackageVersion].files["src/deployment/precompiles/KernelPrecompiles.sol"])
	for name, changed := range map[string]string{
		"nothing": "", "twice": file + "\n" + file, "another type": strings.ReplaceAll(file, "bytes public", "bytes internal"),
		"more code": strings.ReplaceAll(file, "\";\n", "\" hex\"00\";\n"), "no hex": strings.ReplaceAll(file, `hex"6`, `hex"g`),
	} {
		for _, constant := range []string{"KERNEL_BYTECODE", "KERNEL_FACTORY_BYTECODE"} {
			if code, err := parseKernel([]byte(changed), constant); !errors.Is(err, ErrMalformed) || code != nil {
				t.Errorf("%s, %s: %d bytes, %v", name, constant, len(code), err)
			}
		}
	}
}
