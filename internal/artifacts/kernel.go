package artifacts

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

const kernelPackage, kernelPackageVersion = "@rhinestone/modulekit", "0.5.9"

// Kernel returns creation code of ZeroDev's Kernel 0.3.1, for an EntryPoint, and of its factory, for an
// implementation. It is the one build of Kernel 3 that a registry carries: unoptimised, above the limit of EIP-170,
// and so neither the code nor at the addresses of public networks. The file says that it is under the MIT license.
// For tests: the set must be opened with [Options.Tests].
func (s *Set) Kernel(entryPoint, implementation common.Address) (kernel, factory []byte, err error) {
	file, err := s.File(kernelPackage, kernelPackageVersion, "src/deployment/precompiles/KernelPrecompiles.sol")
	if err != nil {
		return nil, nil, err
	}
	if kernel, err = parseKernel(file, "KERNEL_BYTECODE"); err != nil {
		return nil, nil, err
	}
	if factory, err = parseKernel(file, "KERNEL_FACTORY_BYTECODE"); err != nil {
		return nil, nil, err
	}
	kernel = append(kernel, common.LeftPadBytes(entryPoint[:], 32)...)
	return kernel, append(factory, common.LeftPadBytes(implementation[:], 32)...), nil
}

func parseKernel(file []byte, name string) ([]byte, error) {
	code, err := find(file, "    bytes public constant "+name+" =\n        hex\"", "\";\n")
	if err != nil {
		return nil, fmt.Errorf("artifacts: Kernel: %w", err)
	}
	return code, nil
}
