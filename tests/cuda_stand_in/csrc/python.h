// The few functions of Python's stable C interface that the stand-in needs; Python's own headers
// are not installed everywhere.
#pragma once
#include <cstddef>
#include <cstdint>

typedef struct _object PyObject;
extern "C" {
extern struct _object _Py_NoneStruct;
void Py_IncRef(PyObject*);
void Py_DecRef(PyObject*);
PyObject* PyObject_CallFunction(PyObject*, const char*, ...);
PyObject* Py_BuildValue(const char*, ...);
void PyErr_SetObject(PyObject*, PyObject*);
PyObject* PyErr_Occurred();
long long PyLong_AsLongLong(PyObject*);
}

inline PyObject* none() {
    Py_IncRef(&_Py_NoneStruct);
    return &_Py_NoneStruct;
}
