#include "api/PageFile.h"

#include "PageText.h"

#include <Poco/DigestEngine.h>
#include <Poco/SHA1Engine.h>

#include <array>

namespace connector {

namespace {

/// All that the page needs is what it came with, and the API. `data:` is its icon.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

PageFile fileOf(std::string_view text, std::string_view mediaType) {
    Poco::SHA1Engine digest;
    digest.update(text.data(), text.size());
    return {text, mediaType, '"' + Poco::DigestEngine::digestToHex(digest.digest()) + '"'};
}

} // namespace

const PageFile& PageFile::of(Name name) {
    static const std::array files{fileOf(kPageHtmlText, "text/html; charset=utf-8"),
                                  fileOf(kPageStyleText, "text/css; charset=utf-8"),
                                  fileOf(kPageScriptText, "text/javascript; charset=utf-8")};
    return files.at(static_cast<std::size_t>(name));
}

void PageFile::describeIn(Poco::Net::HTTPResponse& response) const {
    response.setContentType(std::string(mediaType));
    response.set("ETag", tag);
    response.set("Cache-Control", "no-cache"); // is asked for again each time, or it may not fit the server
    response.set("Content-Security-Policy", kPolicy);
    response.set("X-Content-Type-Options", "nosniff");
    response.set("Referrer-Policy", "no-referrer");
    response.set("Cross-Origin-Opener-Policy", "same-origin");
    response.set("Cross-Origin-Resource-Policy", "same-origin");
}

bool PageFile::isKnownBy(const Poco::Net::HTTPRequest& request) const {
    return request.get("If-None-Match", "").find(tag) != std::string::npos;
}

} // namespace connector
