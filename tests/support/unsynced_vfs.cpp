#include "unsynced_vfs.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <utility>
#include <vector>

namespace labrelay::testing {
namespace {

struct Change {
    std::size_t offset = 0;
    std::string bytes;
    bool truncates = false;  ///< to `offset`
};

void apply_change(const Change& change, std::string& content) {
    if (change.truncates) {
        content.resize(change.offset);
        return;
    }
    const std::size_t end = change.offset + change.bytes.size();
    if (content.size() < end) content.resize(end);
    content.replace(change.offset, change.bytes.size(), change.bytes);
}

/// One file as everybody with it open sees it, and what the disk does not have yet.
struct Image {
    std::string content;
    std::vector<Change> unsynced;
    int descriptor = -1;
    std::int64_t failed_syncs = 0;

    void carry(const Change& change) const {
        if (change.truncates) {
            (void)::ftruncate(descriptor, static_cast<off_t>(change.offset));
        } else {
            (void)::pwrite(descriptor, change.bytes.data(), change.bytes.size(),
                           static_cast<off_t>(change.offset));
        }
    }
};

std::string read_whole(int descriptor) {
    std::string content;
    char buffer[65536];
    while (true) {
        const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
        if (count <= 0) return content;
        content.append(buffer, static_cast<std::size_t>(count));
    }
}

}  // namespace

struct UnsyncedVfs::State {
    std::string name;
    sqlite3_vfs* real = nullptr;
    sqlite3_vfs vfs{};
    mutable std::mutex mutex;
    std::map<std::string, Image> images;
    std::int64_t operations = 0;
    std::int64_t crash_operation = -1;
    std::int64_t fail_operation = -1;
    Failure failure = Failure::write_error;
    bool crashed = false;
    double survival = 0;
    std::minstd_rand random{1};

    // The code of one counted operation; SQLITE_OK where it may go on.
    int count(int failure_code) {
        ++operations;
        if (operations == crash_operation) fail_power();
        if (crashed) return failure_code;
        if (operations != fail_operation) return SQLITE_OK;
        const bool full = failure == Failure::disk_full && failure_code == SQLITE_IOERR_WRITE;
        return full ? SQLITE_FULL : failure_code;
    }

    void fail_power() {
        crashed = true;
        std::uniform_real_distribution<double> chance(0, 1);
        for (auto& [path, image] : images) {
            for (Change change : image.unsynced) {
                if (chance(random) >= survival) continue;
                if (!change.truncates && chance(random) < 0.3) {
                    change.bytes.resize(change.bytes.size() / 2);  // torn
                }
                image.carry(change);
            }
            image.unsynced.clear();
        }
    }
};

namespace {

using State = UnsyncedVfs::State;

struct File {
    sqlite3_file base;
    State* state;
    std::string* path;
    sqlite3_file* locks;  ///< the real file of a database: for locks and shared memory
    std::int64_t heard;   ///< of failed syncs of the file
};

File& file_of(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}

int close_file(sqlite3_file* base) {
    File& file = file_of(base);
    if (file.locks != nullptr) {
        if (file.locks->pMethods != nullptr) file.locks->pMethods->xClose(file.locks);
        sqlite3_free(file.locks);
    }
    delete file.path;
    return SQLITE_OK;
}

int read_file(sqlite3_file* base, void* into, int amount, sqlite3_int64 offset) {
    const File& file = file_of(base);
    const std::lock_guard lock(file.state->mutex);
    if (file.state->crashed) return SQLITE_IOERR_READ;
    const std::string& content = file.state->images.at(*file.path).content;
    const auto from = std::min(content.size(), static_cast<std::size_t>(offset));
    const auto there = std::min(content.size() - from, static_cast<std::size_t>(amount));
    std::memcpy(into, content.data() + from, there);
    if (there == static_cast<std::size_t>(amount)) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + there, 0, static_cast<std::size_t>(amount) - there);
    return SQLITE_IOERR_SHORT_READ;
}

int change_file(File& file, Change change, int failure_code) {
    const std::lock_guard lock(file.state->mutex);
    if (const int code = file.state->count(failure_code); code != SQLITE_OK) return code;
    Image& image = file.state->images.at(*file.path);
    apply_change(change, image.content);
    image.unsynced.push_back(std::move(change));
    return SQLITE_OK;
}

int write_file(sqlite3_file* base, const void* from, int amount, sqlite3_int64 offset) {
    return change_file(
        file_of(base),
        {static_cast<std::size_t>(offset),
         std::string(static_cast<const char*>(from), static_cast<std::size_t>(amount)), false},
        SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* base, sqlite3_int64 size) {
    return change_file(file_of(base), {static_cast<std::size_t>(size), {}, true},
                       SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* base, int /*flags*/) {
    File& file = file_of(base);
    const std::lock_guard lock(file.state->mutex);
    Image& image = file.state->images.at(*file.path);
    const int code = file.state->count(SQLITE_IOERR_FSYNC);
    if (code == SQLITE_OK) {
        for (const Change& change : image.unsynced) image.carry(change);
    } else {
        ++image.failed_syncs;
    }
    // After a failed sync the pages count as clean: no later sync carries them.
    image.unsynced.clear();
    const bool failed = std::exchange(file.heard, image.failed_syncs) != image.failed_syncs;
    return failed ? SQLITE_IOERR_FSYNC : code;
}

int file_size(sqlite3_file* base, sqlite3_int64* size) {
    const File& file = file_of(base);
    const std::lock_guard lock(file.state->mutex);
    *size = static_cast<sqlite3_int64>(file.state->images.at(*file.path).content.size());
    return SQLITE_OK;
}

int lock_file(sqlite3_file* base, int level) {
    sqlite3_file* locks = file_of(base).locks;
    return locks == nullptr ? SQLITE_OK : locks->pMethods->xLock(locks, level);
}

int unlock_file(sqlite3_file* base, int level) {
    sqlite3_file* locks = file_of(base).locks;
    return locks == nullptr ? SQLITE_OK : locks->pMethods->xUnlock(locks, level);
}

int check_reserved(sqlite3_file* base, int* result) {
    sqlite3_file* locks = file_of(base).locks;
    *result = 0;
    return locks == nullptr ? SQLITE_OK : locks->pMethods->xCheckReservedLock(locks, result);
}

int file_control(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) {
    return SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file* /*file*/) {
    return 4096;
}

int device_characteristics(sqlite3_file* /*file*/) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int shm_map(sqlite3_file* base, int page, int size, int extend, void volatile** memory) {
    sqlite3_file* locks = file_of(base).locks;
    return locks->pMethods->xShmMap(locks, page, size, extend, memory);
}

int shm_lock(sqlite3_file* base, int offset, int count, int flags) {
    sqlite3_file* locks = file_of(base).locks;
    return locks->pMethods->xShmLock(locks, offset, count, flags);
}

void shm_barrier(sqlite3_file* base) {
    sqlite3_file* locks = file_of(base).locks;
    locks->pMethods->xShmBarrier(locks);
}

int shm_unmap(sqlite3_file* base, int remove) {
    sqlite3_file* locks = file_of(base).locks;
    return locks->pMethods->xShmUnmap(locks, remove);
}

constexpr sqlite3_io_methods kMethods{
    2,
    close_file,
    read_file,
    write_file,
    truncate_file,
    sync_file,
    file_size,
    lock_file,
    unlock_file,
    check_reserved,
    file_control,
    sector_size,
    device_characteristics,
    shm_map,
    shm_lock,
    shm_barrier,
    shm_unmap,
    nullptr,
    nullptr,
};

State& state_of(sqlite3_vfs* vfs) {
    return *static_cast<State*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* base, int flags, int* out_flags) {
    State& state = state_of(vfs);
    if (path == nullptr || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
        return state.real->xOpen(state.real, path, base, flags, out_flags);
    File& file = file_of(base);
    file = {};
    file.state = &state;
    const std::lock_guard lock(state.mutex);
    if (state.crashed) return SQLITE_IOERR;
    if (!state.images.contains(path)) {
        Image image;
        image.descriptor = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (image.descriptor < 0) return SQLITE_CANTOPEN;
        image.content = read_whole(image.descriptor);
        state.images.emplace(path, std::move(image));
    }
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
        file.locks =
            static_cast<sqlite3_file*>(sqlite3_malloc(static_cast<int>(state.real->szOsFile)));
        std::memset(file.locks, 0, static_cast<std::size_t>(state.real->szOsFile));
        const int code = state.real->xOpen(state.real, path, file.locks, flags, out_flags);
        if (code != SQLITE_OK) {
            sqlite3_free(file.locks);
            return code;
        }
    }
    if (out_flags != nullptr) *out_flags = flags;
    file.path = new std::string(path);
    file.heard = state.images.at(path).failed_syncs;
    file.base.pMethods = &kMethods;
    return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    State& state = state_of(vfs);
    const std::lock_guard lock(state.mutex);
    if (const int code = state.count(SQLITE_IOERR_DELETE); code != SQLITE_OK) return code;
    if (const auto image = state.images.find(path); image != state.images.end()) {
        ::close(image->second.descriptor);
        state.images.erase(image);
    }
    return state.real->xDelete(state.real, path, sync_directory);
}

int access_file(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
    State& state = state_of(vfs);
    return state.real->xAccess(state.real, path, flags, result);
}

int full_path(sqlite3_vfs* vfs, const char* path, int size, char* into) {
    State& state = state_of(vfs);
    return state.real->xFullPathname(state.real, path, size, into);
}

}  // namespace

UnsyncedVfs::UnsyncedVfs(Register how) : state_(std::make_unique<State>()) {
    static std::atomic<int> count{0};
    state_->name = "unsynced" + std::to_string(++count);
    state_->real = sqlite3_vfs_find(nullptr);
    sqlite3_vfs& vfs = state_->vfs;
    vfs = *state_->real;  // time, randomness and sleep are the real ones
    vfs.szOsFile = std::max(static_cast<int>(sizeof(File)), state_->real->szOsFile);
    vfs.pNext = nullptr;
    vfs.zName = state_->name.c_str();
    vfs.pAppData = state_.get();
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_path;
    sqlite3_vfs_register(&vfs, how == Register::as_default ? 1 : 0);
}

UnsyncedVfs::~UnsyncedVfs() {
    sqlite3_vfs_unregister(&state_->vfs);
    for (auto& [path, image] : state_->images) ::close(image.descriptor);
}

const std::string& UnsyncedVfs::name() const {
    return state_->name;
}

std::int64_t UnsyncedVfs::operations() const {
    const std::lock_guard lock(state_->mutex);
    return state_->operations;
}

void UnsyncedVfs::crash_at(std::int64_t operation) {
    const std::lock_guard lock(state_->mutex);
    state_->crash_operation = operation;
}

void UnsyncedVfs::let_survive(double probability, std::uint32_t seed) {
    const std::lock_guard lock(state_->mutex);
    state_->survival = probability;
    state_->random.seed(seed);
}

void UnsyncedVfs::crash() {
    const std::lock_guard lock(state_->mutex);
    if (!state_->crashed) state_->fail_power();
}

bool UnsyncedVfs::crashed() const {
    const std::lock_guard lock(state_->mutex);
    return state_->crashed;
}

void UnsyncedVfs::fail_at(std::int64_t operation, Failure failure) {
    const std::lock_guard lock(state_->mutex);
    state_->fail_operation = operation;
    state_->failure = failure;
}

}  // namespace labrelay::testing
