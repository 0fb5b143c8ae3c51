#pragma once

#include "base/Durations.h"
#include "mapping/DatabaseLimits.h"
#include "mapping/DatabaseState.h"
#include "mapping/MappingStore.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace connector {

/// The disk, or the database server, has not answered in time; what() is a sentence that says what becomes of
/// the write.
class StorageStalled : public StorageError {
  public:
    using StorageError::StorageError;
};

/// The one thread that writes to the store. A commit is mostly waiting for the disk; what is to be written
/// meanwhile is then committed together, so that many clients at once are not served at the disk's pace. Who
/// writes waits, but only for so long: the disk can hold up this thread, and no other one for good.
///
/// While the database can't be written, the thread tries every second whether it can again. Any thread.
class DatabaseWriter {
  public:
    using Clock = std::chrono::steady_clock;
    using Write = std::function<void(MappingStore&)>;
    /// Told what became of a write that nobody waits for: null, or why it was not committed. On the writer's
    /// thread, which no lock of its caller's may hold up. Dropped untold when the writer ends before.
    using Outcome = std::function<void(const std::exception_ptr& failure)>;

    /// For a write whose caller has been told that the disk does not answer.
    struct Late {
        std::string words; ///< what becomes of it, for the caller: the end of a sentence
        Outcome outcome;
    };

    /// A caller's right to wait, from here to there. Counts as one that waits for as long as it lives.
    class Patience {
      public:
        /// Throws StorageStalled when nobody may wait any more.
        explicit Patience(DatabaseWriter& writer);
        ~Patience();
        Patience(const Patience&) = delete;
        Patience& operator=(const Patience&) = delete;

        Clock::time_point until() const { return _until; }

      private:
        DatabaseWriter& _writer;
        Clock::time_point _until;
    };

    /// store: must outlive this, and is this thread's alone from start() on, which also closes it.
    DatabaseWriter(MappingStore& store, const DatabaseLimits& limits);

    /// Waits until the thread has ended, however long that takes.
    ~DatabaseWriter();

    /// For those who write from now on; `busy` is the store's.
    void limit(const DatabaseLimits& limits);

    DatabaseWriter(const DatabaseWriter&) = delete;
    DatabaseWriter& operator=(const DatabaseWriter&) = delete;

    void start();

    /// Returns when it is committed. Throws StorageError of the right kind; then nothing of it is written.
    /// StorageStalled: it took too long; then nothing of it will be written, or it is being written at this
    /// very moment, and `late` is told what became of it.
    void write(const Patience& patience, Write write, Late late);

    /// Returns at once. Tried again and again until it succeeds, or the writer ends.
    void writeSurely(Write write, Outcome outcome);

    /// Returns at once. Tried once.
    void writeLater(Write write, Outcome outcome);

    DatabaseState state() const;

    /// How long transactions that were committed have taken.
    const Durations& commits() const { return _commits; }

    /// Nobody waits for longer than this any more.
    void hurry(Clock::time_point until);

    /// Commits what has been queued, and closes the store, but still keeps other processes out of it, until
    /// resume(). False when the disk has not let it until then: then the writer goes on.
    bool pause(Clock::time_point until);

    /// Opens the store again with the next write. Lifts what hurry() has said.
    void resume();

    /// Commits what has been queued, closes the store and ends. False when the disk has not let it until
    /// then; shortly before that, SQLite is interrupted.
    bool stop(Clock::time_point until);

  private:
    struct Job {
        Write write;
        Late late;
        bool isAwaited = false;
        bool isSure = false;
        bool isUnderway = false;
        bool isOver = false;
        std::exception_ptr failure;
    };
    using Jobs = std::list<std::shared_ptr<Job>>;

    void await(const std::shared_ptr<Job>& job, Clock::time_point until);
    void queue(std::shared_ptr<Job> job);
    [[noreturn]] void giveUp(const std::shared_ptr<Job>& job);
    bool isStalled() const;
    void tellStall();
    void run();
    void rest(std::unique_lock<std::mutex>& lock);
    void commitQueued(std::unique_lock<std::mutex>& lock);
    Jobs takeQueued();
    void tell(Jobs group, std::unique_lock<std::mutex>& lock);
    void setState(const std::exception_ptr& failure);

    MappingStore& _store;
    DatabaseLimits _limits;
    mutable std::mutex _mutex;
    std::condition_variable _changed; ///< for the thread
    std::condition_variable _over;    ///< for those who wait
    Jobs _queue;
    Jobs _again; ///< sure ones that have failed
    int _waiting = 0;
    Clock::time_point _lastCall = Clock::time_point::max();
    std::optional<Clock::time_point> _begun; ///< the transaction under way
    DatabaseState _state = DatabaseState::Ok;
    Durations _commits;
    bool _isStallTold = false;
    bool _isToPause = false;
    bool _isPaused = false;
    bool _isStopping = false;
    bool _hasEnded = false;
    std::thread _thread;
};

} // namespace connector
