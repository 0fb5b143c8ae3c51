#pragma once

#include <Poco/Net/HTMLForm.h>

#include <optional>
#include <string>

namespace connector {

/// The parameters of a query string or of an application/x-www-form-urlencoded body.
class Form {
  public:
    /// Throws FieldError for a wrong %-escape, and for more than 100 parameters.
    explicit Form(const std::string& text);

    /// The decoded value; it may hold any byte, NUL included. Throws FieldError when the parameter is given
    /// twice.
    std::optional<std::string> find(const std::string& name) const;

    /// The decoded text when the whole of it is one name without a value, "" otherwise.
    std::string bareText() const;

  private:
    Poco::Net::HTMLForm _form;
};

} // namespace connector
