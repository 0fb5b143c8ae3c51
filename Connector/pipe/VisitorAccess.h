#pragma once

#include "model/VisitorSettings.h"
#include "pipe/PipeEnvironment.h"

#include <memory>
#include <mutex>

namespace connector {

/// How the visitors of one mapping connect: asked on its pipe's loop for each visitor, and changed by others.
/// Any thread.
class VisitorAccess {
  public:
    /// environment must outlive it.
    VisitorAccess(PipeEnvironment& environment, const VisitorSettings& settings);

    /// For visitors that are accepted from now on.
    void change(const VisitorSettings& settings);

    /// False when visitors would speak plain TCP and the configuration does not allow that: then none may be
    /// accepted.
    bool isAllowed() const;

    /// The stream of a visitor that a listener has accepted.
    std::unique_ptr<SocketStream> accept(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                         DescriptorBudget::Lease lease) const;

    /// The same in TLS, whatever those speak who come to the port.
    std::unique_ptr<SocketStream> acceptTls(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                            DescriptorBudget::Lease lease) const;

  private:
    PipeEnvironment& _environment;
    mutable std::mutex _mutex;
    bool _tls = true;
    std::shared_ptr<const AlpnProtocols> _alpn; ///< null: none is selected
};

} // namespace connector
