#include "mapping/DatabaseWriter.h"

#include <Poco/Format.h>
#include <Poco/Logger.h>

#include <algorithm>
#include <pthread.h>
#include <utility>

namespace connector {

namespace {

/// How often it is tried whether the database can be written again.
constexpr std::chrono::seconds kRetry{1};
/// Before the end of the time that a stop may take, to leave SQLite the time to undo and to close.
constexpr std::chrono::milliseconds kInterruptBefore{500};

Poco::Logger& log() {
    return Poco::Logger::get("mapping");
}

std::string reasonOf(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    }
}

DatabaseState stateAfter(const std::exception_ptr& failure) {
    if (!failure) return DatabaseState::Ok;
    try {
        std::rethrow_exception(failure);
    } catch (const StorageFull&) {
        return DatabaseState::Full;
    } catch (const StorageLocked&) {
        return DatabaseState::Locked;
    } catch (const StorageUnreachable&) {
        return DatabaseState::Unreachable;
    } catch (...) {
        return DatabaseState::Failing;
    }
}

/// Who is waited for; in the API, where "the server" is this program.
std::string culprit(const MappingStore& store) {
    return store.isShared() ? "the database server" : "the disk of the server's database";
}

} // namespace

DatabaseWriter::Patience::Patience(DatabaseWriter& writer) : _writer(writer) {
    const std::lock_guard lock(_writer._mutex);
    const auto& limits = _writer._limits;
    const bool mayWaitLong = _writer._waiting < limits.waiting;
    if (!mayWaitLong && _writer.isStalled()) {
        _writer.tellStall();
        throw StorageStalled(culprit(_writer._store) +
                             " does not answer, and as many wait for it as may; nothing was changed");
    }
    _until = Clock::now() + (mayWaitLong ? limits.wait : limits.grace);
    ++_writer._waiting;
}

DatabaseWriter::Patience::~Patience() {
    const std::lock_guard lock(_writer._mutex);
    --_writer._waiting;
}

DatabaseWriter::DatabaseWriter(MappingStore& store, const DatabaseLimits& limits)
    : _store(store), _limits(limits) {}

DatabaseWriter::~DatabaseWriter() {
    {
        const std::lock_guard lock(_mutex);
        _isStopping = true;
        _changed.notify_all();
    }
    if (_thread.joinable()) _thread.join();
}

void DatabaseWriter::limit(const DatabaseLimits& limits) {
    const std::lock_guard lock(_mutex);
    _limits = limits;
}

void DatabaseWriter::start() {
    _thread = std::thread([this] { run(); });
    ::pthread_setname_np(_thread.native_handle(), "database");
}

void DatabaseWriter::write(const Patience& patience, Write write, Late late) {
    auto job = std::make_shared<Job>();
    job->write = std::move(write);
    job->late = std::move(late);
    job->isAwaited = true;
    queue(job);
    await(job, patience.until());
    job->late = {}; // with what it holds, which must not outlive the call
    if (job->failure) std::rethrow_exception(job->failure);
}

void DatabaseWriter::writeSurely(Write write, Outcome outcome) {
    auto job = std::make_shared<Job>();
    job->write = std::move(write);
    job->late.outcome = std::move(outcome);
    job->isSure = true;
    queue(std::move(job));
}

void DatabaseWriter::writeLater(Write write, Outcome outcome) {
    auto job = std::make_shared<Job>();
    job->write = std::move(write);
    job->late.outcome = std::move(outcome);
    queue(std::move(job));
}

void DatabaseWriter::queue(std::shared_ptr<Job> job) {
    const std::lock_guard lock(_mutex);
    _queue.push_back(std::move(job));
    _changed.notify_all();
}

void DatabaseWriter::await(const std::shared_ptr<Job>& job, Clock::time_point until) {
    std::unique_lock lock(_mutex);
    while (!job->isOver) {
        const auto end = std::min(until, _lastCall);
        if (Clock::now() >= end) giveUp(job);
        _over.wait_until(lock, end);
    }
}

/// With the lock. What has not begun never will; what is under way can't be called back.
void DatabaseWriter::giveUp(const std::shared_ptr<Job>& job) {
    tellStall();
    job->isAwaited = false;
    const auto reason = culprit(_store) + " does not answer; ";
    if (job->isUnderway) throw StorageStalled(reason + job->late.words);
    std::erase(_queue, job);
    throw StorageStalled(reason + "nothing was changed");
}

DatabaseState DatabaseWriter::state() const {
    const std::lock_guard lock(_mutex);
    return isStalled() ? DatabaseState::Stalled : _state;
}

bool DatabaseWriter::isStalled() const {
    return _begun && Clock::now() - *_begun > _limits.grace;
}

void DatabaseWriter::tellStall() {
    if (!isStalled() || std::exchange(_isStallTold, true)) return;
    log().error("%s does not answer; what is open is served, changes are refused",
                std::string(_store.isShared() ? "the database server" : "the disk of the database"));
}

void DatabaseWriter::hurry(Clock::time_point until) {
    const std::lock_guard lock(_mutex);
    _lastCall = std::min(_lastCall, until);
    _over.notify_all();
}

bool DatabaseWriter::pause(Clock::time_point until) {
    std::unique_lock lock(_mutex);
    _isToPause = true;
    _changed.notify_all();
    if (_over.wait_until(lock, until, [this] { return _isPaused; })) return true;
    _isToPause = false;
    _changed.notify_all();
    return false;
}

void DatabaseWriter::resume() {
    const std::lock_guard lock(_mutex);
    _isToPause = false;
    _lastCall = Clock::time_point::max();
    _changed.notify_all();
}

bool DatabaseWriter::stop(Clock::time_point until) {
    std::unique_lock lock(_mutex);
    if (!_thread.joinable()) return true;
    _isStopping = true;
    _queue.splice(_queue.begin(), _again);
    _changed.notify_all();
    const auto hasEnded = [this] { return _hasEnded; };
    if (!_over.wait_until(lock, until - kInterruptBefore, hasEnded)) {
        _store.interrupt();
        if (!_over.wait_until(lock, until, hasEnded)) return false;
    }
    lock.unlock();
    _thread.join();
    return true;
}

/// The first try, before anybody wants something, tells whether the database can be written at all.
void DatabaseWriter::run() {
    std::unique_lock lock(_mutex);
    commitQueued(lock);
    const auto mayPause = [this] { return _isToPause && _queue.empty() && _again.empty(); };
    const auto isWanted = [&] { return _isStopping || !_queue.empty() || mayPause(); };
    auto retry = Clock::now() + kRetry;
    for (;;) {
        if (_state == DatabaseState::Ok && _again.empty())
            _changed.wait(lock, isWanted);
        else
            _changed.wait_until(lock, retry, isWanted);
        if (Clock::now() >= retry) { // also when others keep it busy
            _queue.splice(_queue.begin(), _again);
            retry = Clock::now() + kRetry;
        }
        if (_isStopping && _queue.empty()) break;
        if (mayPause())
            rest(lock);
        else
            commitQueued(lock);
    }
    lock.unlock();
    _store.close();
    lock.lock();
    _hasEnded = true;
    _over.notify_all();
}

void DatabaseWriter::rest(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    _store.suspend();
    lock.lock();
    _isPaused = true;
    _over.notify_all();
    _changed.wait(lock, [this] { return !_isToPause || _isStopping; });
    _isPaused = false;
}

/// One transaction, for all that has been queued when it has begun. With nothing queued it tries whether one
/// can be committed.
void DatabaseWriter::commitQueued(std::unique_lock<std::mutex>& lock) {
    Jobs group;
    std::exception_ptr failure;
    _begun = Clock::now();
    lock.unlock();
    try {
        MappingStore::Transaction transaction(_store);
        lock.lock();
        group = takeQueued();
        lock.unlock();
        for (const auto& job : group)
            job->failure = transaction.apply(job->write);
        if (group.empty()) _store.tryToWrite();
        transaction.commit();
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    if (failure && group.empty()) group = takeQueued();
    if (!failure) _commits.add(Clock::now() - *_begun);
    _begun.reset();
    setState(failure);
    for (const auto& job : group)
        if (failure) job->failure = failure;
    tell(std::move(group), lock);
}

/// With the lock.
DatabaseWriter::Jobs DatabaseWriter::takeQueued() {
    for (const auto& job : _queue)
        job->isUnderway = true;
    return std::exchange(_queue, {});
}

/// Leaves the lock for those that nobody waits for, and for what they hold.
void DatabaseWriter::tell(Jobs group, std::unique_lock<std::mutex>& lock) {
    Jobs late;
    for (const auto& job : group) {
        job->isOver = !job->isSure || !job->failure;
        job->isUnderway = false;
        if (!job->isOver && !_isStopping) _again.push_back(job);
        if (job->isOver && !job->isAwaited && job->late.outcome) late.push_back(job);
    }
    _over.notify_all();
    lock.unlock();
    for (const auto& job : late)
        job->late.outcome(job->failure);
    late.clear();
    group.clear();
    lock.lock();
}

/// With the lock.
void DatabaseWriter::setState(const std::exception_ptr& failure) {
    const auto state = stateAfter(failure);
    const bool wasStallTold = std::exchange(_isStallTold, false);
    const auto before = std::exchange(_state, state);
    if (state == DatabaseState::Ok && (before != state || wasStallTold))
        log().notice("the database can be written again");
    else if (state != before)
        log().error("the database can't be written; what is open is served, changes are refused, and it is "
                    "tried again: %s",
                    reasonOf(failure));
}

} // namespace connector
