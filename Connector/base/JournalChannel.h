#pragma once

#include <Poco/Channel.h>

namespace connector {

/// Writes log lines into systemd's journal, with their level as its priority. Any thread.
class JournalChannel : public Poco::Channel {
  public:
    /// Whether the journal is what standard error goes to, as it is for a service of systemd.
    static bool isStandardError();

    void log(const Poco::Message& message) override;

  protected:
    ~JournalChannel() override = default;
};

} // namespace connector
