"""Small PDFs, written by hand: what students hand in, and what nobody should."""

import zlib


def written(*contents, trailer=b"", pages=None):
    """A PDF with a page for each content stream, or with `pages` times the first one."""
    streams = [content if isinstance(content, bytes) else shown(content) for content in contents]
    count = pages or len(streams)
    kids = b" ".join(b"%d 0 R" % (4 + len(streams) + index) for index in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [" + kids + b"] /Count %d >>" % count,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *streams,
        *(
            b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R /MediaBox [0 0 600 800]"
            b" /Resources << /Font << /F 3 0 R >> >> >>" % (4 + index % len(streams))
            for index in range(count)
        ),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        trailer,
        len(out),
    )
    return out + head + table + end


def shown(text):
    """The content stream that shows a line of text."""
    return stream(b"BT /F 12 Tf 72 700 Td (" + text.encode() + b") Tj ET" if text else b"")


def stream(data, *, filtered=b""):
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), filtered, data)


def packed(data):
    return stream(zlib.compress(data, 9), filtered=b"/Filter /FlateDecode")


BOMB = packed(b" " * (512 << 20))
ENCRYPTED = (
    b"/Encrypt << /Filter /Standard /V 1 /R 2 /O ("
    + b"o" * 32
    + b") /U ("
    + b"u" * 32
    + b") /P -4 >> /ID [(a)(a)]"
)
