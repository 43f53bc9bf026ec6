// SPDX-License-Identifier: BSL-1.0
#include "client_of_body.hpp"
#include "hostile/places.hpp"

template class test::client_of<test::hostile_policies>;
template class test::client_of<test::public_policies>;
