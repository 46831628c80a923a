using Portal.Web.Components;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddPortalPages();

var app = builder.Build();
app.UseAntiforgery();
app.MapPortalPages();
app.Run();
