/** The environment variable in which the test tells the stand-in where its Chromium listens for debuggers. */
export const browserVariable = 'ELECTRON_STAND_IN_BROWSER';
