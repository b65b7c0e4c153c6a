/**
 * Where the server is, and where people answer: beside this worker, unless it is the worker of another site, which says so in
 * `self.callinvite` before it loads this.
 */

"use strict";

/** @returns {string} the server's address, with a slash at its end */
function serverAddress() {
  const { baseUrl } = self.callinvite ?? {};
  return baseUrl ? `${baseUrl.replace(/\/+$/, "")}/` : self.registration.scope;
}

/** @returns {URL} the page that people answer in */
function homePage() {
  const { callinvite } = self;
  return callinvite ? new URL(callinvite.page ?? "/", self.location.href) : new URL(self.registration.scope);
}

/**
 * Whether people may answer in this page: the app has one, another site any number below its own.
 *
 * @param {string} address
 * @returns {boolean}
 */
function isHome(address) {
  const { pathname } = new URL(address);
  const home = homePage().pathname;
  return self.callinvite ? pathname.startsWith(home) : pathname === home;
}
