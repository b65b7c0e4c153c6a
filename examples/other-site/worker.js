// Rings while none of our pages is open. Served as /calls/worker.js, so that it serves nothing else of this site.
self.callinvite = { baseUrl: "{{calls}}", page: "/" };
importScripts("{{calls}}/sdk/v1/service-worker.js");
