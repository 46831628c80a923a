import html
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GREETING = os.environ.get("GREETING", "Hello from Python")

PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hello</title>
<h1>{html.escape(GREETING)}</h1>
<p>A Python app on Portal. Set the variable GREETING to change this line.</p>
</html>
"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path.split("?")[0] == "/"
        body = (PAGE if found else "<h1>Not found</h1>").encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on port {port}", flush=True)
    ThreadingHTTPServer((os.environ.get("HOST", ""), port), Handler).serve_forever()
