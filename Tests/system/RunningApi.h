#pragma once

#include "ConnectorProcess.h"

#include <string>

namespace connector::test {

inline constexpr const char* kAdd = "/api/v2/mapping/add";
inline constexpr const char* kRemove = "/api/v2/mapping/remove";
inline constexpr const char* kStatus = "/api/v2/status";
inline constexpr const char* kMapping = "/api/v2/mapping";
inline constexpr const char* kHealth = "/health";
inline constexpr const char* kJson = "application/json";

/// The request bodies of the stock Fog Controller, to the byte.
inline const std::string kControllerPublic =
    R"({"type":"public","maxconnections":60,"heartbeatabsencethreshold":200000})";
inline const std::string kControllerPrivate =
    R"({"type":"private","maxconnectionsport1":1, "maxconnectionsport2":1, )"
    R"("heartbeatabsencethresholdport1":200000, "heartbeatabsencethresholdport2":200000})";

/// A Connector, plain, of which only the API is wanted.
struct Running {
    ConnectorSetup setup;
    ConnectorProcess connector{setup};
    const ApiClient& api = connector.api();
};

} // namespace connector::test
