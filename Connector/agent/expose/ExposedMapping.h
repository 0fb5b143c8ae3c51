#pragma once

#include "agent/expose/ExposeSettings.h"
#include "agent/expose/ServerApi.h"

#include <csignal>
#include <string>

namespace connector {

/// The public mapping that a target is exposed by, from its opening to its removal. Waits for the API; main
/// thread.
class ExposedMapping {
  public:
    /// Whether mappings need ports of their own, as Connector's visitors don't come by names. Throws
    /// CommandError.
    static bool needsPorts(ServerApi& api);

    /// Both must outlive it.
    ExposedMapping(ServerApi& api, const ExposeSettings& settings);

    /// Opens it; look() then says where it is. Before everything else. Returns whether it is still wanted: a
    /// signal that comes meanwhile gives the API some more seconds to answer, so that nothing is left open
    /// which nobody knows; a second one doesn't, and ends the process as when that time is over. Throws
    /// CommandError.
    bool open(bool hasPorts, const sigset_t& signals);

    const std::string& id() const { return _id; }

    /// Where visitors find it: "https://web.fog.example.org".
    const std::string& url() const { return _url; }

    /// The configuration of the agent that serves it, JSON.
    std::string agentConfiguration() const;

    enum class State { Open, Moved, Gone, Unwanted };

    /// Asks whether it is still there; Moved: its ports were changed, and with them url() and
    /// agentConfiguration(). Unwanted: a signal has come meanwhile; a second one ends the process. Throws
    /// CommandError when the API does not tell.
    State look(const sigset_t& signals);

    /// Closes it; it may be gone already. A signal ends the waiting, and the process. Says how it can be
    /// removed if it is still open, in a CommandError if it has the time.
    void remove(const sigset_t& signals);

  private:
    Poco::JSON::Object::Ptr request(bool hasPorts) const;
    std::string mayBeOpen() const;
    std::string stillOpen(const std::string& why) const;
    std::string urlIn(const Poco::JSON::Object& mapping) const;

    ServerApi& _api;
    const ExposeSettings& _settings;
    std::string _id;
    std::string _passcode;
    std::uint16_t _port = 0; ///< that agents dial
    std::string _url;
};

} // namespace connector
