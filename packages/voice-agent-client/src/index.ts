/** A typed client of Parley's Voice Agent socket, for browsers and Node. */
export {};
