using System.Net;

var greeting = Environment.GetEnvironmentVariable("GREETING") ?? "Hello from .NET";
var app = WebApplication.CreateBuilder(args).Build();

app.MapGet("/", () => Results.Content($"""
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <title>Hello</title>
    <h1>{WebUtility.HtmlEncode(greeting)}</h1>
    <p>An ASP.NET Core app on Portal. Set the variable GREETING to change this line.</p>
    </html>
    """, "text/html"));

app.Run();
