import { createServer } from 'node:http';

const greeting = process.env.GREETING ?? 'Hello from Node.js';
const port = Number(process.env.PORT ?? 8080);
const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hello</title>
<h1>${escape(greeting)}</h1>
<p>A Node.js app on Portal. Set the variable GREETING to change this line.</p>
</html>
`;

const server = createServer((request, response) => {
  const found = new URL(request.url, 'http://localhost').pathname === '/';
  console.log(`${request.method} ${request.url}`);
  response.writeHead(found ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
  response.end(found ? page : '<h1>Not found</h1>');
});

server.listen({ port, host: process.env.HOST }, () => console.log(`listening on port ${port}`));

// The platform asks an old copy to end this way once its last request is answered.
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  // A connection that was opened to spare and never used would hold it up.
  setTimeout(() => server.closeAllConnections(), 5000).unref();
});
