package pypi

import "time"

// parseTime reads an upload time: RFC 3339, in UTC as PEP 700 asks
// ("2024-11-06T22:37:23.170322Z") or with an offset.
func parseTime(s string) (time.Time, bool) {
	if t, ok := parseUTC(s); ok {
		return t, true
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// parseUTC reads the usual form in a tenth of the time that package time takes.
// What it does not accept may still be a time.
func parseUTC(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || len(s) > len("2006-01-02T15:04:05.999999999Z") ||
		s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[len(s)-1] != 'Z' {
		return time.Time{}, false
	}
	year1, year2, month, day := twoDigits(s[0:]), twoDigits(s[2:]), twoDigits(s[5:]), twoDigits(s[8:])
	hour, minute, second := twoDigits(s[11:]), twoDigits(s[14:]), twoDigits(s[17:])
	if year1 < 0 || year2 < 0 || month < 1 || month > 12 || day < 1 || day > 28 ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false // the last days of months are left to package time
	}
	nanos, unit := 0, 100_000_000
	if fraction := s[19 : len(s)-1]; fraction != "" {
		if fraction[0] != '.' || len(fraction) == 1 {
			return time.Time{}, false
		}
		for i := 1; i < len(fraction); i++ {
			if !isDigit(fraction[i]) {
				return time.Time{}, false
			}
			nanos += int(fraction[i]-'0') * unit
			unit /= 10
		}
	}
	return time.Date(100*year1+year2, time.Month(month), day, hour, minute, second, nanos, time.UTC), true
}

// twoDigits returns the number that s begins with, or -1.
func twoDigits(s string) int {
	if len(s) < 2 || !isDigit(s[0]) || !isDigit(s[1]) {
		return -1
	}
	return 10*int(s[0]-'0') + int(s[1]-'0')
}
