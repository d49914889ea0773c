/* The loops over the names of a day: each exposure is read from memory once and used while it is near the processor.
 *
 * Arrays are contiguous doubles, with the day first: x (day, style, name); w, y (day, name); names come by sector, and
 * `starts` says where each sector begins. riskmodel/estimation/kernel/compiled.py allocates what is written here, and
 * plain.py says the same in numpy.
 */
#include "loops.h"

enum { BLOCK = 64, VECTORS = BLOCK / LANES, ROWS = 3, COLUMNS = 4, LINE = 8 };
typedef vector row[VECTORS]; /* a block of one style, zeros behind the last name */

typedef struct {
    size days, styles, names, sectors;
} shape;

INLINE size least(size a, size b) { return a < b ? a : b; }

INLINE size ceiling(size number, size step) { return (number + step - 1) / step * step; }

INLINE double total(const double *from, size number)
{
    vector sum[4] = {{0}};
    double rest = 0;
    size i = 0;
    for (; i + 4 * LANES <= number; i += 4 * LANES)
        for (int part = 0; part < 4; part++) sum[part] += loaded(from + i + part * LANES);
    for (; i < number; i++) rest += from[i];
    return across((sum[0] + sum[1]) + (sum[2] + sum[3])) + rest;
}

/* A block of `number` values to `copy`, and times `weight` to `product`; the block behind it is called for meanwhile. */
INLINE void weigh(const double *from, const double *weight, size number, vector *copy, vector *product)
{
    double *copied = (double *)copy, *weighted = (double *)product;
    size i = 0;
    for (size line = BLOCK; line < 2 * BLOCK; line += LINE) __builtin_prefetch(from + line);
    for (; i + LANES <= number; i += LANES) {
        copy[i / LANES] = loaded(from + i);
        product[i / LANES] = copy[i / LANES] * loaded(weight + i);
    }
    for (; i < number; i++) {
        copied[i] = from[i];
        weighted[i] = from[i] * weight[i];
    }
    for (; i < BLOCK; i++) copied[i] = weighted[i] = 0;
}

/* ROWS rows times COLUMNS columns, added to `sum` while they stay in registers. */
INLINE void multiply(const row *rows, const row *columns, vector *sum, size width)
{
    vector here[ROWS][COLUMNS];
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++) here[r][c] = sum[r * width + c];
    for (int v = 0; v < VECTORS; v++)
        for (int c = 0; c < COLUMNS; c++)
            for (int r = 0; r < ROWS; r++) here[r][c] += rows[r][v] * columns[c][v];
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++) sum[r * width + c] = here[r][c];
}

/* gram (day, style + 1, style): x'wx, and y'wx in the last row; sums (day, style + 2, sector): of w x, w y and w. */
FOR_EACH_PROCESSOR static void products(shape of, const double *x, const double *w, const double *y, const int64_t *starts,
                                        double *gram, double *sums, row *work)
{
    size k = of.styles, n = of.names, s = of.sectors, height = ceiling(k + 1, ROWS), width = ceiling(k, COLUMNS);
    row *weighted = work, *plain = weighted + height, *sum = plain + ceiling(k + 1, COLUMNS);
    vector *products = (vector *)sum;
    memset(sums, 0, sizeof(double) * of.days * (k + 2) * s);
    for (size day = 0; day < of.days; day++, x += k * n, w += n, y += n, gram += (k + 1) * k, sums += (k + 2) * s) {
        memset(products, 0, sizeof(vector) * height * width);
        size sector = 0;
        for (size first = 0; first < n; first += BLOCK) {
            size number = least(n - first, BLOCK);
            for (size r = 0; r < k; r++) weigh(x + r * n + first, w + first, number, plain[r], weighted[r]);
            weigh(y + first, w + first, number, plain[k], weighted[k]);
            for (size begin = first; begin < first + number; ) {
                while (sector + 1 < s && starts[sector + 1] <= begin) sector++;
                size end = sector + 1 < s ? least(starts[sector + 1], first + number) : first + number;
                for (size r = 0; r <= k; r++)
                    sums[r * s + sector] += total((double *)weighted[r] + begin - first, end - begin);
                sums[(k + 1) * s + sector] += total(w + begin, end - begin);
                begin = end;
            }
            for (size r = 0; r < height; r += ROWS) /* of what is symmetric the lower half */
                for (size c = 0; c < least(r + ROWS, width); c += COLUMNS)
                    multiply(weighted + r, plain + c, products + r * width + c, width);
        }
        for (size r = 0; r <= k; r++)
            for (size c = 0; c < least(r + 1, k); c++) {
                double value = across(products[r * width + c]);
                gram[r * k + c] = value;
                if (r < k) gram[c * k + r] = value;
            }
    }
}

/* What the names of a sector have of a quadratic form: constant + 2 linear'x + x'quadratic x, (name). */
INLINE void form(const double *x, size n, size k, double constant, const double *linear, const double *quadratic, size step,
                 size number, double *value)
{
    size i = 0;
    for (; i + 2 * LANES <= number; i += 2 * LANES) {
        vector a = {constant, constant, constant, constant}, b = a;
        for (size r = 0; r < k; r++) {
            double twice = 2 * linear[r];
            vector here = {twice, twice, twice, twice}, there = here;
            for (size c = 0; c < r; c++) {
                double both = 2 * quadratic[r * step + c];
                here += both * loaded(x + c * n + i);
                there += both * loaded(x + c * n + i + LANES);
            }
            vector own = loaded(x + r * n + i), next = loaded(x + r * n + i + LANES);
            a += (here + quadratic[r * step + r] * own) * own;
            b += (there + quadratic[r * step + r] * next) * next;
        }
        stored(value + i, a);
        stored(value + i + LANES, b);
    }
    for (; i < number; i++) {
        double sum = constant;
        for (size r = 0; r < k; r++) {
            double here = 2 * linear[r];
            for (size c = 0; c < r; c++) here += 2 * quadratic[r * step + c] * x[c * n + i];
            sum += (here + quadratic[r * step + r] * x[r * n + i]) * x[r * n + i];
        }
        value[i] = sum;
    }
}

/* leverage (day, name): d'inverse d, d the name's row of sector dummies and styles; inverse (day, sector + style, same). */
FOR_EACH_PROCESSOR static void leverages(shape of, const double *x, const double *inverse, const int64_t *starts, double *leverage)
{
    size k = of.styles, n = of.names, s = of.sectors, step = s + k;
    for (size day = 0; day < of.days; day++, x += k * n, inverse += step * step, leverage += n)
        for (size sector = 0; sector < s; sector++) {
            size begin = starts[sector], end = sector + 1 < s ? starts[sector + 1] : n;
            const double *own = inverse + sector * step;
            form(x + begin, n, k, own[sector], own + s, inverse + s * step + s, step, end - begin, leverage + begin);
        }
}

static PyObject *call_products(PyObject *self, PyObject *args)
{
    shape of;
    Py_buffer x, w, y, starts, gram, sums;
    if (!PyArg_ParseTuple(args, "(nnnn)y*y*y*y*w*w*", &of.days, &of.styles, &of.names, &of.sectors, &x, &w, &y, &starts, &gram, &sums))
        return NULL;
    size d = of.days, k = of.styles, n = of.names, s = of.sectors;
    size rows = ceiling(k + 1, ROWS) + ceiling(k + 1, COLUMNS);
    size vectors = rows * VECTORS + ceiling(k + 1, ROWS) * ceiling(k, COLUMNS);
    int right = sized(&x, d * k * n, "x") && sized(&w, d * n, "w") && sized(&y, d * n, "y") && sized(&starts, s, "starts") &&
                sized(&gram, d * (k + 1) * k, "gram") && sized(&sums, d * (k + 2) * s, "sums");
    void *work = right ? aligned_alloc(64, ceiling(vectors * sizeof(vector), 64)) : NULL;
    if (right && !work) PyErr_NoMemory();
    if (work) {
        Py_BEGIN_ALLOW_THREADS
        memset(work, 0, vectors * sizeof(vector));
        products(of, x.buf, w.buf, y.buf, starts.buf, gram.buf, sums.buf, work);
        Py_END_ALLOW_THREADS
        free(work);
    }
    PyBuffer_Release(&x); PyBuffer_Release(&w); PyBuffer_Release(&y);
    PyBuffer_Release(&starts); PyBuffer_Release(&gram); PyBuffer_Release(&sums);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyObject *call_leverages(PyObject *self, PyObject *args)
{
    shape of;
    Py_buffer x, inverse, starts, leverage;
    if (!PyArg_ParseTuple(args, "(nnnn)y*y*y*w*", &of.days, &of.styles, &of.names, &of.sectors, &x, &inverse, &starts, &leverage))
        return NULL;
    size d = of.days, k = of.styles, n = of.names, s = of.sectors;
    if (sized(&x, d * k * n, "x") && sized(&inverse, d * (s + k) * (s + k), "inverse") && sized(&starts, s, "starts") &&
        sized(&leverage, d * n, "leverage")) {
        Py_BEGIN_ALLOW_THREADS
        leverages(of, x.buf, inverse.buf, starts.buf, leverage.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&x); PyBuffer_Release(&inverse); PyBuffer_Release(&starts); PyBuffer_Release(&leverage);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"products", call_products, METH_VARARGS, "Weighted products of styles and returns, and sums over sectors."},
    {"leverages", call_leverages, METH_VARARGS, "Leverage of each name."},
    {"spreads", call_spreads, METH_VARARGS, "Distance between quartiles and bounded deviation of moving windows."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "_loops", .m_doc = "The loops over the names of a day, and over the days of a name.", .m_size = -1, .m_methods = methods};

PyMODINIT_FUNC PyInit__loops(void) { return PyModule_Create(&module); }
