/*
 * Lets user-mode Linux start on processors with more vector state than it has room for.
 *
 * User-mode Linux keeps the floating point state of its processes in a buffer of fixed size (2696 bytes in 6.1, enough
 * for AVX-512) and sets it with ptrace(PTRACE_SETREGSET, NT_X86_XSTATE). The machine's kernel wants the whole state or
 * nothing, arch/x86/kernel/fpu/regset.c: xstateregs_set():
 *
 *     // A whole standard-format XSAVE buffer is needed:
 *     if (pos != 0 || count != fpu_user_cfg.max_size)
 *             return -EFAULT;
 *
 * Where the processor has AMX the whole is larger (11008 bytes). User-mode Linux says "ptrace set fp regs failed,
 * errno = 14", kills its process 1 for that, and panics.
 *
 * Preloaded, this ptrace() reads the whole state first, lays the caller's part over its beginning, and sets the whole.
 * What is smaller or equal already, and every other request, goes through untouched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long ptrace_function(int request, ...);

long ptrace(enum __ptrace_request request, ...)
{
    static ptrace_function *next;
    static char whole[64 * 1024]; /* user-mode Linux calls ptrace() from one thread only */

    va_list arguments;
    va_start(arguments, request);
    pid_t pid = va_arg(arguments, pid_t);
    void *address = va_arg(arguments, void *);
    void *data = va_arg(arguments, void *);
    va_end(arguments);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "ptrace");

    if (request == PTRACE_SETREGSET && (uintptr_t)address == NT_X86_XSTATE) {
        const struct iovec *part = data;
        struct iovec full = {whole, sizeof(whole)};
        if (next(PTRACE_GETREGSET, pid, address, &full) < 0)
            return -1;
        if (full.iov_len > part->iov_len) {
            memcpy(whole, part->iov_base, part->iov_len);
            return next(request, pid, address, &full);
        }
    }
    return next(request, pid, address, data);
}
