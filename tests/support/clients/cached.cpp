// SPDX-License-Identifier: BSL-1.0
#include "client_of_body.hpp"
#include "documents.hpp"

template class test::client_of<test::cached_policies>;
