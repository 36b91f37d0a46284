/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/alloc.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
size_t __sanitizer_get_current_allocated_bytes(
	void); /* sanitizer/allocator_interface.h, which gcc does not bring along */

size_t
test_allocated(void)
{
	return __sanitizer_get_current_allocated_bytes();
}
#else
#include <malloc.h>

size_t
test_allocated(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}
#endif
