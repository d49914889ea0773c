/* The loop over the days of a name: a window that moves by a day loses a value, gains one and stays in order.
 *
 * returns (name, time), contiguous, NaN where nothing was observed; `at` the last days of the windows, increasing.
 * riskmodel/estimation/kernel/compiled.py allocates what is written here, and plain.py says the same in numpy.
 */
#include "loops.h"

typedef struct {
    size names, times, days, window;
} extent;

/* How many of so many ordered values are less than this one. */
INLINE size less(const double *ordered, size number, double value)
{
    const double *from = ordered;
    for (size rest = number; rest; ) {
        size half = (rest + 1) / 2;
        from += from[half - 1] < value ? half : 0;
        rest -= half;
    }
    return from - ordered;
}

/* The window once the day `next` is in it and the value of the day that leaves is not; NaN for none. Returns its number. */
INLINE size moved(double *ordered, size number, double leaving, double next)
{
    int out = leaving == leaving, in = next == next;
    if (!out && !in) return number;
    size from = out ? less(ordered, number, leaving) : number, to = in ? less(ordered, number, next) : number;
    if (from < to) { /* what leaves is itself less than what comes */
        to -= out && in;
        memmove(ordered + from, ordered + from + 1, sizeof(double) * ((in ? to : number - 1) - from));
    } else if (to < from)
        memmove(ordered + to + 1, ordered + to, sizeof(double) * (from - to));
    if (in) ordered[to] = next;
    return number + in - out;
}

INLINE double quantile(const double *ordered, size number, double share)
{
    double place = share * (number - 1);
    size low = (size)place;
    double below = ordered[low], above = ordered[low + 1 < number ? low + 1 : number - 1];
    return below + (place - low) * (above - below);
}

/* The sum of squares of values between -bound and bound; those beyond count as the bound. */
INLINE double squares(const double *ordered, size number, double bound)
{
    size first = 0, last = number, i;
    if (ordered[0] < -bound) first = less(ordered, number, -bound);
    if (ordered[number - 1] > bound)
        while (last > first && ordered[last - 1] > bound) last--;
    vector sum[4] = {{0}};
    double rest = (first + number - last) * (bound * bound);
    for (i = first; i + 4 * LANES <= last; i += 4 * LANES)
        for (int part = 0; part < 4; part++) {
            vector here = loaded(ordered + i + part * LANES);
            sum[part] += here * here;
        }
    for (; i < last; i++) rest += ordered[i] * ordered[i];
    return across((sum[0] + sum[1]) + (sum[2] + sum[3])) + rest;
}

/* distance, square (name, day): between the quartiles of each window, and the mean square of its values within `bound` of it. */
FOR_EACH_PROCESSOR static void spreads(extent of, const double *returns, const int64_t *at, double bound, double *ordered,
                                       double *distance, double *square)
{
    const double none = __builtin_nan("");
    for (size name = 0; name < of.names; name++, returns += of.times, distance += of.days, square += of.days) {
        size number = 0, next = 0, first = 0; /* the ordered values are those of the days from first up to next */
        for (size day = 0; day < of.days; day++) {
            size begin = at[day] - of.window + 1 > 0 ? at[day] - of.window + 1 : 0;
            if (begin >= next) {
                number = 0;
                first = next = begin;
            }
            for (; next <= at[day]; next++) {
                size out = next - of.window >= first;
                number = moved(ordered, number, out ? returns[next - of.window] : none, returns[next]);
                first += out;
            }
            distance[day] = square[day] = none;
            if (number) {
                distance[day] = quantile(ordered, number, 0.75) - quantile(ordered, number, 0.25);
                square[day] = squares(ordered, number, bound * distance[day]) / number;
            }
        }
    }
}

PyObject *call_spreads(PyObject *self, PyObject *args)
{
    extent of;
    double bound;
    Py_buffer returns, at, distance, square;
    if (!PyArg_ParseTuple(args, "(nnnn)y*y*dw*w*", &of.names, &of.times, &of.days, &of.window, &returns, &at, &bound, &distance, &square))
        return NULL;
    int right = sized(&returns, of.names * of.times, "returns") && sized(&at, of.days, "at") &&
                sized(&distance, of.names * of.days, "distance") && sized(&square, of.names * of.days, "square");
    for (size day = 0; right && day < of.days; day++) {
        const int64_t *own = (const int64_t *)at.buf + day;
        right = *own >= 0 && *own < of.times && (!day || own[-1] < *own);
        if (!right) PyErr_SetString(PyExc_ValueError, "at is not increasing, or beyond the days");
    }
    double *ordered = right ? malloc(sizeof(double) * (of.window + 1)) : NULL;
    if (right && !ordered) PyErr_NoMemory();
    if (ordered) {
        Py_BEGIN_ALLOW_THREADS
        spreads(of, returns.buf, at.buf, bound, ordered, distance.buf, square.buf);
        Py_END_ALLOW_THREADS
        free(ordered);
    }
    PyBuffer_Release(&returns); PyBuffer_Release(&at); PyBuffer_Release(&distance); PyBuffer_Release(&square);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
