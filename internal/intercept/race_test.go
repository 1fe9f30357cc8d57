//go:build race

package intercept_test

// raceDetector says that the tests run under the race detector, which makes
// moving bytes slow.
const raceDetector = true
