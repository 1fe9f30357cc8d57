package installer

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestProxy(t *testing.T) {
	const tls, plain = "https://a.invalid/x", "http://a.invalid/x"
	for _, tt := range []struct {
		name   string
		env    []string
		config Config
		ask    string
		want   string
	}{
		{"none", nil, Config{}, tls, "direct"},
		{"https", []string{"HTTPS_PROXY=http://p.invalid:3128"}, Config{}, tls, "http://p.invalid:3128"},
		{"https is not http", []string{"HTTPS_PROXY=http://p.invalid:3128"}, Config{}, plain, "direct"},
		{"http", []string{"HTTP_PROXY=http://p.invalid"}, Config{}, plain, "http://p.invalid"},
		{"http is not https", []string{"http_proxy=http://p.invalid"}, Config{}, tls, "direct"},
		{"small letters first", []string{"HTTPS_PROXY=http://p.invalid", "https_proxy=http://q.invalid"}, Config{}, tls, "http://q.invalid"},
		{"an empty one counts for none", []string{"HTTPS_PROXY=http://p.invalid", "https_proxy="}, Config{}, tls, "http://p.invalid"},
		{"for all", []string{"ALL_PROXY=http://p.invalid"}, Config{}, tls, "http://p.invalid"},
		{"for all, in plain http", []string{"all_proxy=http://p.invalid"}, Config{}, plain, "http://p.invalid"},
		{"for all, but one", []string{"ALL_PROXY=http://p.invalid", "HTTPS_PROXY=http://q.invalid"}, Config{}, tls, "http://q.invalid"},
		{"credentials", []string{"HTTPS_PROXY=http://me:s%40cret@p.invalid:1/path"}, Config{}, tls, "http://me:s%40cret@p.invalid:1"},
		{"https to the proxy", []string{"HTTPS_PROXY=https://me:secret@p.invalid"}, Config{}, tls, "https://me:secret@p.invalid"},
		{"socks5", []string{"ALL_PROXY=socks5://me:secret@p.invalid:1080"}, Config{}, tls, "socks5://me:secret@p.invalid:1080"},
		{"socks5h", []string{"ALL_PROXY=socks5h://p.invalid"}, Config{}, tls, "socks5h://p.invalid"},
		{"IPv6", []string{"HTTPS_PROXY=http://[fd00::1]:3128"}, Config{}, tls, "http://[fd00::1]:3128"},
		{"without a scheme", []string{"HTTPS_PROXY=p.invalid:3128"}, Config{}, tls, "http://p.invalid:3128"},
		{"without a scheme, with credentials", []string{"HTTPS_PROXY=me:secret@p.invalid:3128"}, Config{}, tls, "http://me:secret@p.invalid:3128"},
		{"an exception", []string{"HTTPS_PROXY=http://p.invalid", "NO_PROXY=b.invalid, a.invalid"}, Config{}, tls, "direct"},
		{"an exception by its domain", []string{"HTTPS_PROXY=http://p.invalid", "no_proxy=.invalid"}, Config{}, tls, "direct"},
		{"an exception with a port", []string{"HTTPS_PROXY=http://p.invalid", "no_proxy=a.invalid:8443"}, Config{}, tls, "http://p.invalid"},
		{"exceptions divided by spaces", []string{"HTTPS_PROXY=http://p.invalid", "no_proxy=b.invalid a.invalid"}, Config{}, tls, "direct"},
		{"all are exceptions", []string{"HTTPS_PROXY=http://p.invalid", "NO_PROXY=*"}, Config{}, tls, "direct"},
		{"a network", []string{"HTTPS_PROXY=http://p.invalid", "NO_PROXY=10.0.0.0/8"}, Config{}, "https://10.2.3.4/", "direct"},
		{"an IPv6 exception", []string{"HTTPS_PROXY=http://p.invalid", "NO_PROXY=[fd00::1]"}, Config{}, "https://[fd00::1]/", "direct"},
		{"this computer", []string{"HTTP_PROXY=http://p.invalid"}, Config{}, "http://127.0.0.1:8080/", "direct"},
		{"the tool's own", []string{"HTTPS_PROXY=http://p.invalid", "NO_PROXY=*"}, Config{Proxies: Proxies{HTTPS: Setting{"http://q.invalid", "/etc/pip.conf:2"}}}, tls, "http://q.invalid"},
		{"the tool's own exceptions", nil, Config{Proxies: Proxies{HTTPS: Setting{Value: "http://q.invalid"}, No: Setting{Value: "a.invalid"}}}, tls, "direct"},
		{"inside another run", []string{"HTTPS_PROXY=http://127.0.0.1:1", "ASSAY_RUN=http://127.0.0.1:1", "PIP_PROXY=http://pip:mark@127.0.0.1:1"},
			Config{Proxies: Proxies{HTTPS: Setting{"http://pip:mark@127.0.0.1:1", "PIP_PROXY"}}}, "http://127.0.0.1:8080/", "http://127.0.0.1:1"},
		{"inside another run, in https", []string{"HTTPS_PROXY=http://127.0.0.1:1", "ASSAY_RUN=http://127.0.0.1:1"}, Config{}, tls, "http://127.0.0.1:1"},
		{"inside another run, whose proxy was left", []string{"HTTPS_PROXY=http://p.invalid", "ASSAY_RUN=http://127.0.0.1:1"}, Config{}, "https://localhost/", "direct"},

		{"no address", []string{"HTTPS_PROXY=http://me:secret@p.invalid:port"}, Config{}, tls, "HTTPS_PROXY: the address of a proxy cannot be read"},
		{"no host", []string{"ALL_PROXY=http://"}, Config{}, tls, "ALL_PROXY: the address of a proxy cannot be read"},
		{"another kind", []string{"HTTPS_PROXY=socks4://me:secret@p.invalid"}, Config{}, tls, `HTTPS_PROXY: a proxy is asked by http, https or socks5, not by "socks4"`},
		{"no address, of the tool's own", nil, Config{Proxies: Proxies{HTTPS: Setting{"http://%zz", "/etc/pip.conf:2"}}}, tls, "/etc/pip.conf:2: the address of a proxy cannot be read"},
		{"no address, and none needed", []string{"HTTPS_PROXY=http://%zz"}, Config{}, plain, "direct"},
		{"no address, for an exception", []string{"HTTPS_PROXY=http://%zz", "NO_PROXY=a.invalid"}, Config{}, tls, "direct"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ask, err := url.Parse(tt.ask)
			if err != nil {
				t.Fatal(err)
			}
			got := "direct"
			through, err := Proxy(tt.env, tt.config)(ask)
			var known *ConfigError
			switch {
			case err != nil && !errors.As(err, &known):
				t.Errorf("%v is no ConfigError", err)
			case err != nil:
				got = err.Error()
			case through != nil:
				got = through.String()
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// What pip is configured with becomes Assay's own way out.
func TestReadProxies(t *testing.T) {
	for _, tt := range []struct {
		command string
		env     []string
		conf    string
		want    string
	}{
		{"pip install x", nil, "[global]\nproxy = http://me:pw@p.invalid:3128", "http://me:pw@p.invalid:3128 (ROOT/xdg/pip/pip.conf:2)"},
		{"pip install x", []string{"PIP_PROXY=http://q.invalid"}, "[install]\nproxy = http://p.invalid", "http://q.invalid (PIP_PROXY)"},
		{"pip download x", nil, "[install]\nproxy = http://p.invalid", " ()"},
		{"pip-compile", nil, "[install]\nproxy = p.invalid:1", "p.invalid:1 (ROOT/xdg/pip/pip.conf:2)"},
		{"pipx install x", nil, "[global]\nproxy = http://p.invalid", "http://p.invalid (ROOT/xdg/pip/pip.conf:2)"},
		{"uv sync", nil, "[global]\nproxy = http://p.invalid", " ()"},
	} {
		root := place(t, map[string]string{"xdg/pip/pip.conf": tt.conf})
		got, err := Read(environ(root, tt.env...), root+"/cwd", strings.Fields(tt.command), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Proxies.HTTP != got.Proxies.HTTPS {
			t.Errorf("%s: %v", tt.command, got.Proxies)
		}
		if s := strings.ReplaceAll(got.Proxies.HTTPS.Value+" ("+got.Proxies.HTTPS.Origin+")", root, "ROOT"); s != tt.want {
			t.Errorf("%s: got %s, want %s", tt.command, s, tt.want)
		}
	}
}
