/* SPDX-License-Identifier: MIT
 *
 * What drivers return beside the errors of the hypercalls (abi/errors.h). The
 * numbers are Linux's, too.
 */
#ifndef PVDRIVERS_ERROR_H
#define PVDRIVERS_ERROR_H

/* The other end does not keep to the protocol: the connection is broken. */
#define PV_EIO 5

#define PV_EROFS 30      /* it can only be read */
#define PV_EOPNOTSUPP 95 /* the device does not do that */

#endif
