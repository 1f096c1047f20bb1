/* SPDX-License-Identifier: Apache-2.0 */
typedef int sdg_nothing_here;
