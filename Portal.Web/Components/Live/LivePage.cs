using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Portal.Core.Common;
using Portal.Core.Live;
using Portal.Web.Auth;
using Portal.Web.Components.Controls;

namespace Portal.Web.Components.Live;

/// <summary>
/// A page that shows one model and keeps it current. It reads once while prerendering and hands that over to the circuit;
/// from then on it owns one subscription of the live feed, re-reads what changed, and ends the subscription with itself.
/// The person is asked for anew on every read and every act.
/// </summary>
/// <typeparam name="TModel">What the page shows; decides nothing about drawing and is tested without it.</typeparam>
public abstract class LivePage<TModel> : ComponentBase, IAsyncDisposable
    where TModel : class
{
    private readonly CancellationTokenSource _closed = new();
    private LiveSubscription? _subscription;
    private PersistingComponentStateSubscription _persisting;
    private string? _read;
    private string? _followed;
    private bool _taken;

    /// <summary>Null while loading, and when <see cref="Problem"/> is set.</summary>
    protected TModel? Model { get; private set; }

    protected Exception? Problem { get; private set; }

    protected CancellationToken Closed => _closed.Token;

    /// <summary>What of the address decides the model; another address is another read.</summary>
    protected abstract string Address { get; }

    [Inject]
    protected NavigationManager Navigation { get; set; } = null!;

    [Inject]
    protected ICurrentActor CurrentActor { get; set; } = null!;

    [Inject]
    private LiveFeed Feed { get; set; } = null!;

    [Inject]
    private Handover Handover { get; set; } = null!;

    [Inject]
    private PersistentComponentState Persistent { get; set; } = null!;

    [Inject]
    private MudBlazor.ISnackbar Toasts { get; set; } = null!;

    [Inject]
    private RefusedActs Refusals { get; set; } = null!;

    [Inject]
    private ILoggerFactory Loggers { get; set; } = null!;

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _subscription?.Dispose();
        _persisting.Dispose();
        _closed.Dispose();
        GC.SuppressFinalize(this);
    }

    protected abstract Task<TModel> ReadAsync(Actor actor, CancellationToken cancellationToken);

    /// <summary>What the model depends on in the live feed.</summary>
    protected abstract IEnumerable<(string Topic, Guid Key)> Follows(TModel model);

    /// <summary>Something changed; a burst comes as one call. Re-reads the whole model unless the page knows better.</summary>
    /// <param name="changes">A change without a key: notices may have been missed.</param>
    protected virtual Task ChangedAsync(Actor actor, IReadOnlyList<LiveChange> changes, CancellationToken cancellationToken) => RefreshAsync(actor, cancellationToken);

    /// <summary>Nothing but these topics changed.</summary>
    protected static bool IsOnly(IReadOnlyList<LiveChange> changes, params string[] topics) => changes.All(c => c.Key is not null && topics.Contains(c.Topic));

    protected async Task RefreshAsync(Actor actor, CancellationToken cancellationToken) => Model = await ReadAsync(actor, cancellationToken);

    /// <summary>After <see cref="Show"/>: what is followed may be more now.</summary>
    protected void FollowAgain() => Follow();

    /// <summary>Shows a model that was made from the present one.</summary>
    protected void Show(TModel model) => Model = model;

    protected override void OnInitialized()
    {
        _persisting = Persistent.RegisterOnPersisting(() =>
        {
            if (Model is not null)
            {
                Persistent.PersistAsJson(StateKey, new Left(Handover.Leave(Model), Address));
            }

            return Task.CompletedTask;
        }, RenderMode.InteractiveServer);
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_read == Address)
        {
            return;
        }

        _read = Address;
        if (!_taken)
        {
            _taken = true;
            if (Persistent.TryTakeFromJson<Left>(StateKey, out var left) && left?.Address == Address)
            {
                Model = Handover.Take<TModel>(left.Key);
            }
        }

        if (Model is null || _followed is not null)
        {
            await LoadAsync();
        }

        Follow();
    }

    /// <summary>Reads; what was shown stays until the new is there, so that filtering does not blink.</summary>
    protected async Task LoadAsync()
    {
        var address = Address;
        try
        {
            if (await ActorAsync() is not { } actor)
            {
                return;
            }

            var model = await ReadAsync(actor, Closed);
            if (address == Address)
            {
                (Model, Problem) = (model, null);
            }
        }
        catch (OperationCanceledException) when (Closed.IsCancellationRequested)
        {
            // The page was left while it loaded.
        }
        catch (PortalException refused) when (refused.Refusal == Refusal.NotFound)
        {
            Navigation.NotFound();
        }
        catch (Exception problem) when (problem is not NavigationException)
        {
            Log.LogWarning(problem, "A page could not be read");
            (Model, Problem) = (null, problem);
        }
    }

    protected async Task RetryAsync()
    {
        Problem = null;
        await LoadAsync();
        Follow();
    }

    /// <summary>Does something for the person; a refusal is said, never thrown at the page. True when it was done.</summary>
    /// <param name="done">Said afterwards; null says nothing.</param>
    /// <param name="name">Names the act in the trail when it is refused.</param>
    protected async Task<bool> ActAsync(string? done, Func<Actor, CancellationToken, Task> act, [CallerMemberName] string name = "")
    {
        try
        {
            if (!await TryAsync(act, name))
            {
                return false;
            }

            if (done is not null)
            {
                Toasts.Add(done, MudBlazor.Severity.Normal);
            }

            return true;
        }
        catch (PortalException refused)
        {
            Toasts.Add(refused.Message, MudBlazor.Severity.Error);
        }
        catch (OperationCanceledException) when (Closed.IsCancellationRequested)
        {
            // The page was left meanwhile.
        }
        catch (Exception problem) when (problem is not NavigationException)
        {
            Log.LogError(problem, "An act asked for on a page failed");
            Toasts.Add($"{Problems.Sentence(problem)} Nothing was changed.", MudBlazor.Severity.Error);
        }

        return false;
    }

    /// <summary>Does something for the person; a refusal is kept in the trail and thrown on to whoever shows it beside its field. False when they have to sign in first.</summary>
    /// <exception cref="PortalException">The refusal.</exception>
    protected async Task<bool> TryAsync(Func<Actor, CancellationToken, Task> act, [CallerMemberName] string name = "")
    {
        if (await ActorAsync() is not { } actor)
        {
            return false;
        }

        try
        {
            await act(actor, Closed);
            return true;
        }
        catch (PortalException refused)
        {
            await Refusals.KeepAsync(actor, refused, name);
            throw;
        }
    }

    /// <summary>Who is looking, or null after sending them to sign in.</summary>
    protected async Task<Actor?> ActorAsync()
    {
        var actor = await CurrentActor.GetAsync(Closed);
        if (actor is null)
        {
            Navigation.NavigateTo($"/sign-in?returnUrl={Uri.EscapeDataString("/" + Navigation.ToBaseRelativePath(Navigation.Uri))}", forceLoad: true);
        }

        return actor;
    }

    private ILogger Log => Loggers.CreateLogger(GetType());

    private string StateKey => GetType().FullName!;

    private void Follow()
    {
        if (!RendererInfo.IsInteractive || Model is null || Closed.IsCancellationRequested)
        {
            return;
        }

        var keys = Follows(Model).Distinct().ToArray();
        var wanted = string.Join(',', keys.Select(k => $"{k.Topic}:{k.Key}"));
        if (wanted == _followed)
        {
            return;
        }

        _followed = wanted;
        _subscription?.Dispose();
        _subscription = Feed.Subscribe(keys);
        _ = ListenAsync(_subscription);
        // What changed between the read and the subscription was announced to nobody here: look once more.
        _ = InvokeAsync(() => ReceiveAsync([new LiveChange(keys.Length > 0 ? keys[0].Topic : "", null)]));
    }

    private async Task ListenAsync(LiveSubscription subscription)
    {
        try
        {
            await foreach (var changes in subscription.ChangesAsync(Closed))
            {
                await InvokeAsync(() => ReceiveAsync(changes));
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or ObjectDisposedException)
        {
            // The page was closed.
        }
    }

    private async Task ReceiveAsync(IReadOnlyList<LiveChange> changes)
    {
        try
        {
            if (await ActorAsync() is not { } actor)
            {
                return;
            }

            await ChangedAsync(actor, changes, Closed);
            Problem = null;
            Follow();
        }
        catch (OperationCanceledException) when (Closed.IsCancellationRequested)
        {
            return;
        }
        catch (PortalException refused) when (refused.Refusal is Refusal.NotFound or Refusal.Denied)
        {
            // Deleted, or the right to see it ended, while the page was open.
            (Model, Problem) = (null, refused);
        }
        catch (Exception problem) when (problem is not NavigationException)
        {
            // What is shown stays readable; the next change reads again.
            Log.LogWarning(problem, "A page could not be brought up to date");
        }

        StateHasChanged();
    }

    private sealed record Left(Guid Key, string Address);
}
