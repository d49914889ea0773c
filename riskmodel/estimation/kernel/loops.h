/* What both sources of the kernel need: vectors, and views whose size is held against what is read of them. */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if !defined(__GNUC__)
#error "vectors are those of GCC and Clang; without them riskmodel takes its numpy"
#endif
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 4 };
typedef double vector __attribute__((vector_size(8 * LANES)));
typedef Py_ssize_t size;

INLINE vector loaded(const double *from)
{
    vector value;
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void stored(double *to, vector value) { memcpy(to, &value, sizeof value); }

INLINE double across(vector value) { return (value[0] + value[1]) + (value[2] + value[3]); }

static inline int sized(const Py_buffer *view, size items, const char *name)
{
    if (view->len == items * 8) return 1;
    PyErr_Format(PyExc_ValueError, "%s holds %zd bytes, not %zd", name, view->len, items * 8);
    return 0;
}

PyObject *call_spreads(PyObject *self, PyObject *args); /* windows.c */
