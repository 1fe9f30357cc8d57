package installer

import (
	"net/url"

	"golang.org/x/net/http/httpproxy"
)

// Proxies are the person's own proxies. Their values may carry a password and
// must not be shown.
type Proxies struct {
	HTTP, HTTPS Setting // for requests in plain http and in https
	No          Setting // the hosts that are asked without one, as in NO_PROXY
}

// Proxy returns how requests to a URL leave: through the person's own proxy,
// which the tool's settings name or else the environment, or directly (nil).
func Proxy(env Environ, c Config) func(*url.URL) (*url.URL, error) {
	pick := func(s Setting, keys ...string) string {
		if s.Value != "" {
			return s.Value
		}
		v, _ := env.first(keys...)
		return v
	}
	config := httpproxy.Config{
		HTTPProxy:  pick(c.Proxies.HTTP, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
		HTTPSProxy: pick(c.Proxies.HTTPS, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
		NoProxy:    pick(c.Proxies.No, "no_proxy", "NO_PROXY"),
	}
	return config.ProxyFunc()
}
