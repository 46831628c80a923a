const seconds = Number(process.env.WORKER_SECONDS ?? 5);
let round = 0;

const timer = setInterval(() => console.log(`worker: round ${++round}`), seconds * 1000);
console.log(`worker: a line every ${seconds} seconds`);

process.on('SIGTERM', () => {
  clearInterval(timer);
  console.log('worker: stopped');
});
