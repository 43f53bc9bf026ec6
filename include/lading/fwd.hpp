// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Forward declarations: enough to name the library's types in the headers of a program.

#include "config.hpp"

namespace lading {

class error;
class digest;
class repository;
class reference;
class media_type;
class platform_choice;
class body_sink;
class blob_sink;
enum class errc : int;

struct platform;
struct descriptor;
struct limits;
struct request;
struct response;
struct inspection;
struct inspect_options;
struct client_options;
struct image_config;
struct tag_list;

struct oci_image;
struct oci_index;
struct schema1;
struct schema2;
struct manifest_list;
struct opaque;

template <class... Documents>
struct manifest_set;
template <class Policies>
class basic_client;

struct default_policies;
struct async_policies;

inline namespace LADING_FORM {
class client;
class async_client;
} // namespace LADING_FORM

} // namespace lading
