// A stand-in for the part of cuSPARSE that CuPy's matrices of CSR, CSC and COO form use: products
// with dense arrays, conversions and sorts. What is not here returns CUSPARSE_STATUS_NOT_SUPPORTED.
#include <algorithm>
#include <numeric>
#include <vector>

#include "dense.h"

namespace {
enum { ok = 0, invalid_value = 3, failed = 6, unsupported = 10 };
enum Form { csr, csc, coo };
enum { index_32 = 2, index_64 = 3 };
enum { columns_first = 1 };

struct Sparse {
    Form form;
    i64 rows, columns, count;
    // Of CSR the starts of the rows, of CSC those of the columns, of COO the rows; and the other.
    void *major, *minor, *values;
    int major_type, minor_type, base, type;
};
struct Dense {
    i64 rows, columns, lead;
    void* values;
    int type, order;
};
struct SparseVector {
    i64 count;
    void *indices, *values;
    int index_type, type;
};

i64 index_at(const void* indices, int type, i64 i) {
    return type == index_32 ? ((const int*)indices)[i] : ((const i64*)indices)[i];
}
void set_index(void* indices, int type, i64 i, i64 value) {
    if (type == index_32) ((int*)indices)[i] = (int)value;
    else ((i64*)indices)[i] = value;
}

// Calls f(row, column, number of the value) for each element that is stored.
template <class F> void each(const Sparse& a, F f) {
    if (a.form == coo) {
        for (i64 k = 0; k < a.count; k++)
            f(index_at(a.major, a.major_type, k), index_at(a.minor, a.minor_type, k), k);
        return;
    }
    for (i64 i = 0; i < (a.form == csr ? a.rows : a.columns); i++)
        for (i64 k = index_at(a.major, a.major_type, i); k < index_at(a.major, a.major_type, i + 1);
             k++) {
            i64 j = index_at(a.minor, a.minor_type, k);
            a.form == csr ? f(i, j, k) : f(j, i, k);
        }
}

// Calls f with a number of the type: CUDA_R_32F 0, CUDA_R_64F 1, CUDA_C_32F 4, CUDA_C_64F 5.
template <class F> int typed(int type, F f) {
    switch (type) {
    case 0: return f(float());
    case 1: return f(double());
    case 4: return f(C());
    case 5: return f(Z());
    default: return unsupported;
    }
}

// c = alpha op(a) op(b) + beta c
int multiply(int op_a, int op_b, const void* alpha, const Sparse& a, const Dense& b,
             const void* beta, const Dense& c) {
    if (!library_call(a.major, a.minor, a.values, b.values, c.values)) return failed;
    if (a.base || b.type != a.type || c.type != a.type) return unsupported;
    if (b.order != columns_first || c.order != columns_first) return unsupported;
    i64 rows = op_a == op_n ? a.rows : a.columns, inner = op_a == op_n ? a.columns : a.rows;
    if (c.rows != rows || (op_b == op_n ? b.rows : b.columns) != inner ||
        (op_b == op_n ? b.columns : b.rows) != c.columns)
        return invalid_value;
    return typed(a.type, [&](auto zero) {
        typedef decltype(zero) T;
        const T *values = (const T*)a.values, *from = (const T*)b.values;
        T *to = (T*)c.values, scale = *(const T*)alpha, keep = *(const T*)beta;
        for (i64 j = 0; j < c.columns; j++)
            for (i64 i = 0; i < rows; i++) {
                T& out = to[i + j * c.lead];
                out = keep == T(0) ? T(0) : keep * out;
            }
        each(a, [&](i64 i, i64 j, i64 k) {
            T x = op_a == op_c ? conj_of(values[k]) : values[k];
            if (op_a != op_n) std::swap(i, j);
            for (i64 l = 0; l < c.columns; l++)
                to[i + l * c.lead] += scale * x * at<T>(from, b.lead, op_b, j, l);
        });
        return (int)ok;
    });
}

// The order of 0 … n − 1 in which `less` sorts them, equal ones as they come.
template <class F> std::vector<int> sorted(int n, F less) {
    std::vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), less);
    return order;
}
void permute(int* x, const std::vector<int>& order) {
    std::vector<int> old(x, x + order.size());
    for (size_t i = 0; i < order.size(); i++) x[i] = old[order[i]];
}

// Sorts pairs by `first`, then by `second`, and `permutation` with them.
int sort_pairs(int count, int* first, int* second, int* permutation) {
    if (!library_call(first, second, permutation)) return failed;
    std::vector<int> order = sorted(count, [&](int i, int j) {
        return first[i] != first[j] ? first[i] < first[j] : second[i] < second[j];
    });
    permute(first, order), permute(second, order), permute(permutation, order);
    return ok;
}

// Sorts the indices within each row (or column), and `permutation` with them.
int sort_rows(int rows, int count, const int* starts, int* indices, int* permutation) {
    if (!library_call(starts, indices, permutation)) return failed;
    std::vector<int> row(count);
    for (int i = 0; i < rows; i++)
        for (int k = starts[i]; k < starts[i + 1]; k++) row[k] = i;
    std::vector<int> order = sorted(count, [&](int i, int j) {
        return row[i] != row[j] ? row[i] < row[j] : indices[i] < indices[j];
    });
    permute(indices, order), permute(permutation, order);
    return ok;
}

// The starts of `rows` rows in the sorted numbers of the rows of `count` elements.
void find_starts(const int* row, int count, int rows, int* starts) {
    for (int i = 0; i <= rows; i++) starts[i] = (int)(std::lower_bound(row, row + count, i) - row);
}

// Calls f(row, column) for the elements that are not zero, in the order of the form.
template <class F> int nonzeros(const Dense& a, Form form, F f) {
    if (a.order != columns_first) return unsupported;
    return typed(a.type, [&](auto zero) {
        typedef decltype(zero) T;
        bool by_row = form != csc;
        for (i64 p = 0; p < (by_row ? a.rows : a.columns); p++)
            for (i64 q = 0; q < (by_row ? a.columns : a.rows); q++) {
                i64 i = by_row ? p : q, j = by_row ? q : p;
                if (((const T*)a.values)[i + j * a.lead] != T(0)) f(i, j);
            }
        return (int)ok;
    });
}

int create(Sparse** out, Form form, i64 rows, i64 columns, i64 count, void* major, void* minor,
           void* values, int major_type, int minor_type, int base, int type) {
    for (int index : {major_type, minor_type})
        if (index != index_32 && index != index_64) return unsupported;
    *out = new Sparse{form,  rows,       columns,    count, major, minor,
                      values, major_type, minor_type, base,  type};
    return ok;
}
template <class T> int destroy(T* descriptor) {
    delete descriptor;
    return ok;
}
int no_workspace(size_t* size) {
    *size = 0;
    return ok;
}
} // namespace

extern "C" {
// -- handles, and descriptors ---------------------------------------------------------------

int cusparseCreate(void** handle) {
    *handle = (void*)0x10;
    return ok;
}
int cusparseDestroy(void*) { return ok; }
static thread_local void* stream = nullptr;
int cusparseSetStream(void*, void* s) {
    stream = s;
    return ok;
}
int cusparseGetStream(void*, void** s) {
    *s = stream;
    return ok;
}
int cusparseSetPointerMode(void*, int) { return ok; }
int cusparseGetVersion(void*, int* version) {
    *version = 12500;
    return ok;
}
const char* cusparseGetErrorName(int status) {
    switch (status) {
    case ok: return "CUSPARSE_STATUS_SUCCESS";
    case invalid_value: return "CUSPARSE_STATUS_INVALID_VALUE";
    case failed: return "CUSPARSE_STATUS_EXECUTION_FAILED";
    case unsupported: return "CUSPARSE_STATUS_NOT_SUPPORTED";
    default: return "unknown error";
    }
}
const char* cusparseGetErrorString(int status) { return cusparseGetErrorName(status); }

int cusparseCreateMatDescr(void** out) {
    *out = new char;
    return ok;
}
int cusparseDestroyMatDescr(char* descriptor) { return destroy(descriptor); }
int cusparseSetMatType(void*, int) { return ok; }
int cusparseSetMatIndexBase(void*, int) { return ok; }
int cusparseSetMatFillMode(void*, int) { return ok; }
int cusparseSetMatDiagType(void*, int) { return ok; }

int cusparseCreateCsr(Sparse** out, i64 rows, i64 columns, i64 count, void* starts, void* indices,
                      void* values, int starts_type, int indices_type, int base, int type) {
    return create(out, csr, rows, columns, count, starts, indices, values, starts_type,
                  indices_type, base, type);
}
int cusparseCreateCsc(Sparse** out, i64 rows, i64 columns, i64 count, void* starts, void* indices,
                      void* values, int starts_type, int indices_type, int base, int type) {
    return create(out, csc, rows, columns, count, starts, indices, values, starts_type,
                  indices_type, base, type);
}
int cusparseCreateCoo(Sparse** out, i64 rows, i64 columns, i64 count, void* row, void* column,
                      void* values, int index_type, int base, int type) {
    return create(out, coo, rows, columns, count, row, column, values, index_type, index_type,
                  base, type);
}
int cusparseDestroySpMat(Sparse* a) { return destroy(a); }
int cusparseSpMatGetSize(Sparse* a, i64* rows, i64* columns, i64* count) {
    *rows = a->rows, *columns = a->columns, *count = a->count;
    return ok;
}
int cusparseCreateDnVec(Dense** out, i64 size, void* values, int type) {
    *out = new Dense{size, 1, size, values, type, columns_first};
    return ok;
}
int cusparseDestroyDnVec(Dense* a) { return destroy(a); }
int cusparseCreateDnMat(Dense** out, i64 rows, i64 columns, i64 lead, void* values, int type,
                        int order) {
    *out = new Dense{rows, columns, lead, values, type, order};
    return ok;
}
int cusparseDestroyDnMat(Dense* a) { return destroy(a); }
int cusparseCreateSpVec(SparseVector** out, i64, i64 count, void* indices, void* values,
                        int index_type, int, int type) {
    *out = new SparseVector{count, indices, values, index_type, type};
    return ok;
}
int cusparseDestroySpVec(SparseVector* x) { return destroy(x); }

// -- products -------------------------------------------------------------------------------

int cusparseSpMV_bufferSize(void*, int, const void*, Sparse*, Dense*, const void*, Dense*, int, int,
                            size_t* size) {
    return no_workspace(size);
}
int cusparseSpMV(void*, int op, const void* alpha, Sparse* a, Dense* x, const void* beta, Dense* y,
                 int, int, void*) {
    return multiply(op, op_n, alpha, *a, *x, beta, *y);
}
int cusparseSpMM_bufferSize(void*, int, int, const void*, Sparse*, Dense*, const void*, Dense*, int,
                            int, size_t* size) {
    return no_workspace(size);
}
int cusparseSpMM(void*, int op_a, int op_b, const void* alpha, Sparse* a, Dense* b,
                 const void* beta, Dense* c, int, int, void*) {
    return multiply(op_a, op_b, alpha, *a, *b, beta, *c);
}

// -- conversions ----------------------------------------------------------------------------

int cusparseXcoo2csr(void*, const int* row, int count, int rows, int* starts, int) {
    if (!library_call(row, starts)) return failed;
    find_starts(row, count, rows, starts);
    return ok;
}
int cusparseXcsr2coo(void*, const int* starts, int, int rows, int* row, int) {
    if (!library_call(starts, row)) return failed;
    for (int i = 0; i < rows; i++) std::fill(row + starts[i], row + starts[i + 1], i);
    return ok;
}
int cusparseCsr2cscEx2_bufferSize(void*, int, int, int, const void*, const int*, const int*, void*,
                                  int*, int*, int, int, int, int, size_t* size) {
    return no_workspace(size);
}
int cusparseCsr2cscEx2(void*, int rows, int columns, int count, const void* values,
                       const int* starts, const int* indices, void* new_values, int* new_starts,
                       int* new_indices, int type, int, int base, int, void*) {
    if (!library_call(values, starts, indices, new_values, new_starts, new_indices)) return failed;
    if (base) return unsupported;
    std::vector<int> row(count);
    for (int i = 0; i < rows; i++) std::fill(&row[0] + starts[i], &row[0] + starts[i + 1], i);
    std::vector<int> order = sorted(count, [&](int i, int j) { return indices[i] < indices[j]; });
    std::vector<int> column(indices, indices + count);
    permute(&column[0], order);
    find_starts(&column[0], count, columns, new_starts);
    return typed(type, [&](auto zero) {
        typedef decltype(zero) T;
        for (int k = 0; k < count; k++) {
            new_indices[k] = row[order[k]];
            ((T*)new_values)[k] = ((const T*)values)[order[k]];
        }
        return (int)ok;
    });
}
int cusparseDenseToSparse_bufferSize(void*, Dense*, Sparse*, int, size_t* size) {
    return no_workspace(size);
}
int cusparseDenseToSparse_analysis(void*, Dense* a, Sparse* b, int, void*) {
    if (!library_call(a->values, b->major)) return failed;
    std::vector<i64> counts(1 + (b->form == csc ? a->columns : a->rows));
    int status = nonzeros(*a, b->form, [&](i64 i, i64 j) { ++counts[1 + (b->form == csc ? j : i)]; });
    std::partial_sum(counts.begin(), counts.end(), counts.begin());
    b->count = counts.back();
    if (b->form != coo)
        for (size_t i = 0; i < counts.size(); i++) set_index(b->major, b->major_type, i, counts[i]);
    return status;
}
int cusparseDenseToSparse_convert(void*, Dense* a, Sparse* b, int, void*) {
    if (!library_call(a->values, b->major, b->minor, b->values)) return failed;
    if (a->type != b->type) return unsupported;
    i64 k = 0;
    return typed(a->type, [&](auto zero) {
        typedef decltype(zero) T;
        return nonzeros(*a, b->form, [&](i64 i, i64 j) {
            if (b->form == coo) set_index(b->major, b->major_type, k, i);
            set_index(b->minor, b->minor_type, k, b->form == csc ? i : j);
            ((T*)b->values)[k++] = ((const T*)a->values)[i + j * a->lead];
        });
    });
}
int cusparseSparseToDense_bufferSize(void*, Sparse*, Dense*, int, size_t* size) {
    return no_workspace(size);
}
int cusparseSparseToDense(void*, Sparse* a, Dense* b, int, void*) {
    if (!library_call(a->major, a->minor, a->values, b->values)) return failed;
    if (a->type != b->type || a->base || b->order != columns_first) return unsupported;
    return typed(a->type, [&](auto zero) {
        typedef decltype(zero) T;
        for (i64 j = 0; j < b->columns; j++)
            std::fill_n((T*)b->values + j * b->lead, b->rows, T(0));
        each(*a, [&](i64 i, i64 j, i64 k) {
            ((T*)b->values)[i + j * b->lead] = ((const T*)a->values)[k];
        });
        return (int)ok;
    });
}

// -- sorts ----------------------------------------------------------------------------------

int cusparseCreateIdentityPermutation(void*, int n, int* permutation) {
    if (!library_call(permutation)) return failed;
    std::iota(permutation, permutation + n, 0);
    return ok;
}
int cusparseXcoosort_bufferSizeExt(void*, int, int, int, const int*, const int*, size_t* size) {
    return no_workspace(size);
}
int cusparseXcoosortByRow(void*, int, int, int count, int* row, int* column, int* permutation,
                          void*) {
    return sort_pairs(count, row, column, permutation);
}
int cusparseXcoosortByColumn(void*, int, int, int count, int* row, int* column, int* permutation,
                             void*) {
    return sort_pairs(count, column, row, permutation);
}
int cusparseXcsrsort_bufferSizeExt(void*, int, int, int, const int*, const int*, size_t* size) {
    return no_workspace(size);
}
int cusparseXcsrsort(void*, int rows, int, int count, void*, const int* starts, int* indices,
                     int* permutation, void*) {
    return sort_rows(rows, count, starts, indices, permutation);
}
int cusparseXcscsort_bufferSizeExt(void*, int, int, int, const int*, const int*, size_t* size) {
    return no_workspace(size);
}
int cusparseXcscsort(void*, int, int columns, int count, void*, const int* starts, int* indices,
                     int* permutation, void*) {
    return sort_rows(columns, count, starts, indices, permutation);
}
int cusparseGather(void*, Dense* from, SparseVector* to) {
    if (!library_call(from->values, to->indices, to->values)) return failed;
    if (from->type != to->type) return unsupported;
    return typed(to->type, [&](auto zero) {
        typedef decltype(zero) T;
        for (i64 k = 0; k < to->count; k++)
            ((T*)to->values)[k] =
                ((const T*)from->values)[index_at(to->indices, to->index_type, k)];
        return (int)ok;
    });
}
} // extern "C"
