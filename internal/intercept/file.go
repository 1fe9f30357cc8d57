package intercept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"assay"
	"assay/internal/catalog"
	"assay/internal/gate"
)

// file answers a request for a distribution file or its metadata. Nothing is
// fetched before the Desk was asked, and nothing is handed on as complete before
// it has judged the bytes.
func (x *exchange) file() {
	f, err := x.proxy.config.Desk.File(x.ctx, x.url)
	if err != nil {
		x.undecided(err)
		return
	}
	if f == nil {
		x.undecided(errors.New("the desk knows neither the file nor a refusal"))
		return
	}
	if d, no := f.Refusal(); no {
		x.refuse(d)
		return
	}
	if x.request.Method == http.MethodHead {
		x.fileHead()
		return
	}
	broken := x.fileBody(f)
	if errors.Is(broken, gate.ErrTruncated) && x.answer.status == 0 {
		broken = x.fileBody(f)
	}
	if broken != nil {
		x.broken(f, broken)
	}
}

// broken answers for a file that could not be read to its end.
func (x *exchange) broken(f *catalog.File, cause error) {
	d, err := x.proxy.config.Desk.Broken(x.ctx, f, assay.FileTruncated, cause.Error())
	switch {
	case x.answer.status != 0:
		x.proxy.counts.add(aborted)
	case err != nil:
		x.undecided(err)
	case d.Verdict == assay.Deny:
		x.refuse(d)
	default:
		x.unreachable(x.url, cause)
	}
}

// noFile answers that a file could not be fetched, and has the Desk note it. The
// answer is one that installers try again after.
func (x *exchange) noFile(f *catalog.File, cause error) {
	detail, _ := explain(cause)
	if _, err := x.proxy.config.Desk.Broken(x.ctx, f, assay.FileUnavailable, x.url.Host+": "+detail); err != nil {
		x.undecided(err)
		return
	}
	x.unreachable(x.url, cause)
}

// fileRequest returns the headers to ask for a whole file with. A condition would
// leave nothing to hash, and an encoding other bytes than were promised. A range
// is what an installer asks for that has the beginning already, from whomever:
// it gets the whole file, for a beginning that somebody else handed out must
// never be completed by us.
func (x *exchange) fileRequest() http.Header {
	h := forwardable(x.request.Header)
	for _, name := range unconditional {
		h.Del(name)
	}
	h.Set("Accept-Encoding", "identity")
	return h
}

// fileHead copies the head of an answer, without the offer of ranges.
func (x *exchange) fileHead() {
	resp, err := x.follow(x.ctx, x.fileRequest())
	if err != nil {
		x.unreachable(x.url, err)
		return
	}
	defer resp.Body.Close()
	x.relay(resp, fileHeaders(resp.Header))
}

// fileHeaders returns what is handed on of a file's headers. The encoding goes:
// it is the raw bytes that are judged, so they are what is handed on.
func fileHeaders(h http.Header) http.Header {
	h = forwardable(h)
	for _, name := range []string{"Accept-Ranges", "Content-Range", "Content-Encoding"} {
		h.Del(name)
	}
	return h
}

// follow asks for the file, following redirects: the Desk has judged the URL
// that the installer knows.
func (x *exchange) follow(ctx context.Context, h http.Header) (*http.Response, error) {
	resp, err := x.send(ctx, x.request.Method, x.url, h.Clone(), nil, 0)
	if err != nil {
		return nil, err
	}
	return x.arrive(ctx, x.request.Method, h, resp)
}

// fileBody fetches the file and passes it through the gate. It answers, except
// where it returns an error: then the source broke, and nothing was answered
// unless answer.status says so.
func (x *exchange) fileBody(f *catalog.File) (broken error) {
	ctx, cut := context.WithCancel(x.ctx)
	defer cut()
	h := x.fileRequest()
	resp, t, err := x.ask(ctx, h)
	if err != nil {
		x.noFile(f, err)
		return nil
	}
	defer t.end()
	body := x.resumable(ctx, f, h, resp, t)
	defer body.Close()
	if resp.StatusCode >= 400 {
		x.relay(resp, forwardable(resp.Header))
		return nil
	}
	if resp.StatusCode != http.StatusOK {
		// Installers take any such body for the file.
		x.fail(fmt.Sprintf("%s: it answered with status %d where a file was asked for", x.url.Host, resp.StatusCode), hintNetwork)
		return nil
	}
	sink := &fileSink{x: x, headers: fileHeaders(resp.Header), length: resp.ContentLength}
	stream := gate.Stream{Body: body, Cut: cut, Length: resp.ContentLength, Size: f.Size, Promised: f.Promised,
		// To whom speaks HTTP/1.0, a cut and an end look the same where the length
		// is unknown.
		HoldWhole: f.HoldWhole || resp.ContentLength < 0 && !x.request.ProtoAtLeast(1, 1),
		Store:     x.proxy.store, Limits: x.proxy.config.Limits}
	if f.Metadata {
		stream.HoldWhole, stream.Limits.Stream, stream.Inspect = true, maxMetadata, readMetadata
	} else {
		stream.Inspect, stream.Hashing = x.inspector(f), f.Judgement.Hashing
	}
	var deskErr error
	r, err := stream.Pass(x.ctx, sink, func(c assay.Content) (assay.Decision, error) {
		sink.length = c.Size
		var d assay.Decision
		d, deskErr = x.proxy.config.Desk.Conclude(x.ctx, f, c)
		return d, deskErr
	})
	if errors.Is(err, gate.ErrTooLong) && f.Size > 0 {
		// More bytes than the index promised are other bytes, not a cut transfer.
		// The rest is not read, so of the content no more than this is known.
		r.Decision, deskErr = x.proxy.config.Desk.Conclude(x.ctx, f, assay.Content{Size: f.Size + 1})
		if err = deskErr; err == nil && r.Decision.Verdict != assay.Deny {
			err = gate.ErrTooLong
		}
	}
	switch {
	case err == nil && r.Complete:
	case err == nil && r.Begun:
		x.proxy.counts.add(aborted)
	case err == nil:
		x.refuse(r.Decision)
	case deskErr != nil && !r.Begun:
		x.undecided(deskErr)
	case errors.Is(err, gate.ErrTruncated), errors.Is(err, gate.ErrSlow), errors.Is(err, gate.ErrTooLong):
		return err
	case errors.Is(err, gate.ErrSpool) && !r.Begun:
		x.proxy.log.Debug("spooling failed", "error", err)
		const detail = "assay could not hold the file back: its folder cannot be written to"
		if _, err := x.proxy.config.Desk.Broken(x.ctx, f, assay.FileUnavailable, detail); err != nil {
			x.undecided(err)
			return nil
		}
		x.fail(detail, "make room on the disk, or give assay another folder: set ASSAY_HOME")
	default:
		x.proxy.log.Debug("a file was not passed on", "host", x.url.Host, "error", withoutURL(err))
		x.answer.abort()
	}
	return nil
}

// inspector returns what looks into a file, nil for nobody.
func (x *exchange) inspector(f *catalog.File) gate.Inspector {
	inspect := x.proxy.config.Inspect
	if inspect == nil {
		return nil
	}
	name := f.Judgement.Subject.Artifact.Filename
	return func(r io.Reader) (*assay.Inside, error) { return inspect(name, r) }
}

// readMetadata keeps whole lines of core metadata that comes by itself, at most
// keptMetadata: the fields come first, and a description may be long.
func readMetadata(r io.Reader) (*assay.Inside, error) {
	text, err := io.ReadAll(io.LimitReader(r, keptMetadata))
	if len(text) == keptMetadata {
		text = text[:bytes.LastIndexByte(text, '\n')+1]
	}
	return &assay.Inside{Metadata: text}, err
}

// fileSink is the installer's side of a file.
type fileSink struct {
	x       *exchange
	headers http.Header
	length  int64 // as announced, or as it turned out where it was held whole
}

func (s *fileSink) Begin() error {
	return s.x.answer.begin(http.StatusOK, "", s.headers, s.length)
}

func (s *fileSink) Write(p []byte) (int, error) { return s.x.answer.Write(p) }

func (s *fileSink) Abort() { s.x.answer.abort() }
