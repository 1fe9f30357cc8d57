package policy

import (
	"fmt"
	"reflect"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"assay"
)

// The types of the variables, as a condition sees them.
var (
	artifactType = cel.ObjectType("assay.Artifact")
	claimType    = cel.ObjectType("assay.Claim")
	detailsType  = cel.MapType(cel.StringType, cel.StringType)
)

// clock tells the time.
type clock func() time.Time

// artifactFacts are what a condition may ask of an artifact.
type artifactFacts struct {
	*assay.Artifact
	now clock
}

// field is one field of a variable: get returns nil where it is not known.
type field struct {
	kind *cel.Type
	get  func(any) ref.Val
}

// artifactFields are the fields of artifact. What is not known is not set: has()
// asks for it, and to take it all the same is an error, which refuses.
var artifactFields = map[string]field{
	"project":        {cel.StringType, ofArtifact(func(a artifactFacts) ref.Val { return types.String(a.Project) })},
	"version":        {cel.StringType, ofArtifact(func(a artifactFacts) ref.Val { return types.String(a.Version) })},
	"filename":       {cel.StringType, ofArtifact(func(a artifactFacts) ref.Val { return types.String(a.Filename) })},
	"index":          {cel.StringType, ofArtifact(func(a artifactFacts) ref.Val { return types.String(a.Index) })},
	"url":            {cel.StringType, ofArtifact(func(a artifactFacts) ref.Val { return types.String(a.URL) })},
	"is_sdist":       {cel.BoolType, ofArtifact(func(a artifactFacts) ref.Val { return types.Bool(assay.IsSdist(a.Filename)) })},
	"yanked":         {cel.BoolType, ofArtifact(func(a artifactFacts) ref.Val { return types.Bool(a.Yanked) })},
	"project_status": {cel.StringType, ofArtifact(func(a artifactFacts) ref.Val { return types.String(a.Standing.Status) })},
	"size": {cel.IntType, ofArtifact(func(a artifactFacts) ref.Val {
		if a.Size <= 0 {
			return nil
		}
		return types.Int(a.Size)
	})},
	"upload_time": {cel.TimestampType, ofArtifact(func(a artifactFacts) ref.Val { return moment(a.UploadTime) })},
	"age": {cel.DurationType, ofArtifact(func(a artifactFacts) ref.Val {
		if a.UploadTime.IsZero() {
			return nil
		}
		return types.Duration{Duration: a.now().Sub(a.UploadTime)}
	})},
}

// claimFields are the fields of each of claims.
var claimFields = map[string]field{
	"method":   {cel.StringType, ofClaim(func(c *assay.Claim) ref.Val { return types.String(c.Method) })},
	"identity": {cel.StringType, ofClaim(func(c *assay.Claim) ref.Val { return types.String(c.Identity) })},
	"time":     {cel.TimestampType, ofClaim(func(c *assay.Claim) ref.Val { return moment(c.Time) })},
	"details": {detailsType, ofClaim(func(c *assay.Claim) ref.Val {
		return types.NewStringStringMap(types.DefaultTypeAdapter, c.Details)
	})},
}

func ofArtifact(get func(artifactFacts) ref.Val) func(any) ref.Val {
	return func(v any) ref.Val { return get(v.(artifactFacts)) }
}

func ofClaim(get func(*assay.Claim) ref.Val) func(any) ref.Val {
	return func(v any) ref.Val { return get(v.(*assay.Claim)) }
}

func moment(t time.Time) ref.Val {
	if t.IsZero() {
		return nil
	}
	return types.Timestamp{Time: t}
}

// claimList are claims as a list of a condition.
func claimList(claims []assay.Claim) ref.Val {
	out, records := make([]ref.Val, len(claims)), make([]record, len(claims))
	for i := range claims {
		records[i] = record{claimType, claimFields, &claims[i]}
		out[i] = &records[i]
	}
	return types.NewRefValList(types.DefaultTypeAdapter, out)
}

// record is a Go value with named fields, as cel-go works with it.
type record struct {
	kind   *cel.Type
	fields map[string]field
	value  any
}

// Get returns a field.
func (r *record) Get(index ref.Val) ref.Val {
	name, _ := index.Value().(string)
	f, ok := r.fields[name]
	if !ok {
		return types.NewErr("there is no field %q", name)
	}
	if v := f.get(r.value); v != nil {
		return v
	}
	return types.NewErr("nobody says the %s: ask with has() first", name)
}

// IsSet reports whether a field is known.
func (r *record) IsSet(index ref.Val) ref.Val {
	name, _ := index.Value().(string)
	f, ok := r.fields[name]
	if !ok {
		return types.NewErr("there is no field %q", name)
	}
	return types.Bool(f.get(r.value) != nil)
}

// ConvertToNative fails: nothing converts a record.
func (r *record) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s is no %s", r.kind, t)
}

// ConvertToType returns the record's type where that is asked for.
func (r *record) ConvertToType(t ref.Type) ref.Val {
	switch t.TypeName() {
	case r.kind.TypeName():
		return r
	case types.TypeType.TypeName():
		return r.kind
	}
	return types.NewErr("%s is no %s", r.kind, t.TypeName())
}

// Equal reports whether two records are the same one.
func (r *record) Equal(other ref.Val) ref.Val {
	o, ok := other.(*record)
	return types.Bool(ok && o.kind == r.kind && reflect.DeepEqual(plainValue(o.value), plainValue(r.value)))
}

// plainValue leaves out the clock, which cannot be compared.
func plainValue(v any) any {
	if a, ok := v.(artifactFacts); ok {
		return a.Artifact
	}
	return v
}

// Type returns the record's type.
func (r *record) Type() ref.Type { return r.kind }

// Value returns the record itself: its fields are taken from it.
func (r *record) Value() any { return r }

// provider tells cel-go of the records' types, and of all others what it knows.
type provider struct{ types.Provider }

func fieldsOf(name string) (map[string]field, bool) {
	switch name {
	case artifactType.TypeName():
		return artifactFields, true
	case claimType.TypeName():
		return claimFields, true
	}
	return nil, false
}

// FindStructType knows the types by name.
func (p provider) FindStructType(name string) (*types.Type, bool) {
	switch name {
	case artifactType.TypeName():
		return types.NewTypeTypeWithParam(artifactType), true
	case claimType.TypeName():
		return types.NewTypeTypeWithParam(claimType), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames returns the fields of a type.
func (p provider) FindStructFieldNames(name string) ([]string, bool) {
	if fields, ok := fieldsOf(name); ok {
		return sortedKeys(fields), true
	}
	return p.Provider.FindStructFieldNames(name)
}

// FindStructFieldType returns a field of a type.
func (p provider) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	fields, ok := fieldsOf(name)
	if !ok {
		return p.Provider.FindStructFieldType(name, fieldName)
	}
	f, ok := fields[fieldName]
	if !ok {
		return nil, false
	}
	index := types.String(fieldName)
	return &types.FieldType{
		Type:  f.kind,
		IsSet: func(v any) bool { r, ok := v.(*record); return ok && r.IsSet(index) == types.True },
		GetFrom: func(v any) (any, error) {
			r, ok := v.(*record)
			if !ok {
				return nil, fmt.Errorf("a value without fields")
			}
			if r.kind.TypeName() == name { // without a detour over the value of the name
				if got := f.get(r.value); got != nil {
					return got, nil
				}
			}
			got := r.Get(index)
			if err, ok := got.(*types.Err); ok {
				return nil, err
			}
			return got, nil
		},
	}, true
}

// NewValue makes none of the records: a condition only reads.
func (p provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := fieldsOf(name); ok {
		return types.NewErr("a condition makes no %s", name)
	}
	return p.Provider.NewValue(name, fields)
}
