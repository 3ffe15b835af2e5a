#include "failing_vfs.hpp"

#include <sqlite3.h>

#include <cstring>
#include <new>

namespace labrelay::test_support {
namespace {

struct State {
    sqlite3_vfs vfs{};
    sqlite3_vfs* real = nullptr;
    std::int64_t calls = 0;
    std::int64_t fails_from = 0;  // 0: never
    int code = SQLITE_OK;
    bool failed = false;
};

State& state() {
    static State only;
    return only;
}

struct File {
    sqlite3_file base;
    sqlite3_file* real;  // stands behind this struct in the memory that SQLite gave
};

sqlite3_file* real_of(sqlite3_file* file) {
    return reinterpret_cast<File*>(file)->real;
}

int outcome_of_change() {
    State& now = state();
    ++now.calls;
    if (now.fails_from != 0 && now.calls >= now.fails_from) {
        now.failed = true;
        return now.code;
    }
    return SQLITE_OK;
}

int close_file(sqlite3_file* file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}
int read_file(sqlite3_file* file, void* buffer, int size, sqlite3_int64 at) {
    return real_of(file)->pMethods->xRead(real_of(file), buffer, size, at);
}
int write_file(sqlite3_file* file, const void* buffer, int size, sqlite3_int64 at) {
    const int code = outcome_of_change();
    return code != SQLITE_OK ? code
                             : real_of(file)->pMethods->xWrite(real_of(file), buffer, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    const int code = outcome_of_change();
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}
// What was written is in the file for whoever opens it next; no test needs it to survive a power
// cut.
int sync_file(sqlite3_file* /*file*/, int /*flags*/) {
    return outcome_of_change();
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int level) {
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
int check_lock(sqlite3_file* file, int* held) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
int characteristics(sqlite3_file* file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, memory);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
void barrier(sqlite3_file* file) {
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

constexpr sqlite3_io_methods kMethods{2,
                                      close_file,
                                      read_file,
                                      write_file,
                                      truncate_file,
                                      sync_file,
                                      file_size,
                                      lock_file,
                                      unlock_file,
                                      check_lock,
                                      control_file,
                                      sector_size,
                                      characteristics,
                                      map_shared,
                                      lock_shared,
                                      barrier,
                                      unmap_shared,
                                      nullptr,
                                      nullptr};

int open_file(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* memory, int flags,
              int* out_flags) {
    auto* file = new (memory) File{};
    file->real = reinterpret_cast<sqlite3_file*>(file + 1);
    const int code = state().real->xOpen(state().real, name, file->real, flags, out_flags);
    file->base.pMethods = code == SQLITE_OK ? &kMethods : nullptr;
    return code;
}

}  // namespace

FailingVfs::FailingVfs() {
    State& now = state();
    now = State{};
    now.real = sqlite3_vfs_find(nullptr);
    now.vfs = *now.real;
    now.vfs.zName = name_.c_str();
    now.vfs.pNext = nullptr;
    now.vfs.szOsFile += static_cast<int>(sizeof(File));
    now.vfs.xOpen = open_file;
    sqlite3_vfs_register(&now.vfs, 0);
}

FailingVfs::~FailingVfs() {
    sqlite3_vfs_unregister(&state().vfs);
}

void FailingVfs::fail_from(std::int64_t nth, int code) {
    State& now = state();
    now.fails_from = now.calls + nth;
    now.code = code;
    now.failed = false;
}

void FailingVfs::repair() {
    state().fails_from = 0;
}

bool FailingVfs::has_failed() const {
    return state().failed;
}

}  // namespace labrelay::test_support
